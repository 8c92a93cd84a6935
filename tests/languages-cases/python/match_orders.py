from dataclasses import dataclass
from enum import StrEnum, auto


class State(StrEnum):
    NEW = auto()
    PAID = auto()
    SHIPPED = auto()


@dataclass
class Line:
    sku: str
    count: int
    gift: bool = False


@dataclass
class Order:
    state: State
    lines: list[Line]


def describe(thing):
    match thing:
        case Order(state=State.NEW, lines=[]):
            return "an empty order"
        case Order(lines=[Line(sku=sku, count=1)], state=state):
            return f"one {sku}, {state}"
        case Order(State.PAID | State.SHIPPED as state, [Line(gift=True) as first, *rest]):
            return f"{state} gift {first.sku} and {len(rest)} more"
        case Order(lines=[_, _, *_] as lines) if sum(line.count for line in lines) > 10:
            return "a bulk order"
        case Order():
            return "an order"
        case {"type": "refund", "amount": int(amount) | float(amount), **rest} if amount > 0:
            return f"refund of {amount:.2f} with {sorted(rest)}"
        case {"type": str(kind)}:
            return f"unknown {kind}"
        case [x, y, *_] if x == y:
            return "starts with a pair"
        case (1 | 2 as small, ("a" | "b"), *others):
            return f"{small} {others}"
        case -1 | 0.5 | None | True:
            return f"constant {thing!r}"
        case str() | bytes():
            return f"text of {len(thing)}"
        case _:
            return "?"


things = [Order(State.NEW, []), Order(State.PAID, [Line("mug", 1)]), Order(State.SHIPPED, [Line("a", 2, True), Line("b", 1)]), Order(State.NEW, [Line("a", 6), Line("b", 6)]),
          Order(State.NEW, [Line("a", 3)]), {"type": "refund", "amount": 5, "why": "broken"}, {"type": "refund", "amount": 0}, {"type": "x"}, [3, 3, 4], (2, "b", 9), [2, "c"],
          -1, 0.5, True, None, 1, "héllo", b"\0", {}, {1}]
for thing in things:
    print(describe(thing))
[str(State.PAID), State("new").name, f"{State.SHIPPED:>9}", State.NEW == "new", [*State]]
