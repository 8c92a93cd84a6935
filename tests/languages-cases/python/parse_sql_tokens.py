import re
from enum import Enum, auto
from typing import NamedTuple


class Kind(Enum):
    WORD = auto()
    NUMBER = auto()
    TEXT = auto()
    SIGN = auto()
    END = auto()


class Token(NamedTuple):
    kind: Kind
    text: str


PATTERN = re.compile(r"\s*(?:(?P<NUMBER>\d+(?:\.\d+)?)|(?P<WORD>[A-Za-z_]\w*)|(?P<TEXT>'(?:[^']|'')*')|(?P<SIGN><=|>=|<>|[(),=<>*]))")


def tokens(text):
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = PATTERN.match(text, position)
        if not found:
            raise SyntaxError(f"unexpected {text[position:].strip()[0]!r} at {position}")
        yield Token(Kind[found.lastgroup], found[found.lastgroup])
        position = found.end()
    yield Token(Kind.END, "")


def condition(text):
    ahead = tokens(text)
    current = next(ahead)

    def take():
        nonlocal current
        taken, current = current, next(ahead, current)
        return taken

    def either():
        left = both()
        while current.text.lower() == "or":
            take()
            left = ("or", left, both())
        return left

    def both():
        left = single()
        while current.text.lower() == "and":
            take()
            left = ("and", left, single())
        return left

    def single():
        if current.text == "(":
            take()
            inner = either()
            if take().text != ")":
                raise SyntaxError("a bracket is not closed")
            return inner
        name, sign, value = take(), take(), take()
        return (sign.text, name.text, float(value.text) if value.kind is Kind.NUMBER else value.text[1:-1].replace("''", "'"))

    return either()


def holds(tree, row):
    match tree:
        case ("and", a, b):
            return holds(a, row) and holds(b, row)
        case ("or", a, b):
            return holds(a, row) or holds(b, row)
        case ("=", name, value):
            return row[name] == value
        case (">=", name, value):
            return row[name] >= value
        case (sign, *_):
            raise NotImplementedError(sign)


rows = [{"name": "O'Hara", "age": 41}, {"name": "Bo", "age": 17}, {"name": "Cy", "age": 65}]
tree = condition("name = 'O''Hara' or (age >= 18 and name = 'Cy')")
print(tree)
for text in ("age ! 3", "(age = 1"):
    try:
        condition(text)
    except SyntaxError as error:
        print(error)
[row["name"] for row in rows if holds(tree, row)]
