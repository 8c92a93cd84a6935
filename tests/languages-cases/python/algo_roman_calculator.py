import operator
import re
from functools import reduce

VALUES = {"M": 1000, "CM": 900, "D": 500, "CD": 400, "C": 100, "XC": 90, "L": 50, "XL": 40, "X": 10, "IX": 9, "V": 5, "IV": 4, "I": 1}
VALID = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")


def number(text):
    if not text or not VALID.fullmatch(text):
        raise ValueError(f"{text!r} is no Roman number")
    return reduce(lambda total, part: total + VALUES[part], re.findall("CM|CD|XC|XL|IX|IV|[MDCLXVI]", text), 0)


def roman(value):
    if not 0 < value < 4000:
        raise OverflowError(f"{value} has no Roman number")
    out = ""
    for sign, worth in VALUES.items():
        count, value = divmod(value, worth)
        out += sign * count
    return out


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.floordiv, "%": operator.mod}


def calculate(text):
    stack = []
    for token in text.split():
        if token in OPERATORS:
            b, a = stack.pop(), stack.pop()
            stack.append(OPERATORS[token](a, b))
        else:
            stack.append(number(token))
    (result,) = stack
    return roman(result)


for text in ("XIV IX *", "MMXXVI CM -", "X III / II +", "IIII I +", "I I -", "MMM M + M +", "X +"):
    try:
        print(text, "=", calculate(text))
    except Exception as error:
        print(text, type(error).__name__, error)
all(number(roman(value)) == value for value in range(1, 4000, 7))
