from abc import ABC, abstractmethod
from typing import Annotated, Any, Final, Literal, NotRequired, Protocol, TypedDict, TypeGuard, Union, cast, get_args, get_origin, get_type_hints, runtime_checkable


@runtime_checkable
class Priced(Protocol):
    price: float

    def label(self) -> str: ...


class Item(ABC):
    def __init__(self, price: float) -> None:
        self.price = price

    @abstractmethod
    def label(self) -> str:
        """Names it."""

    def __str__(self) -> str:
        return f"{self.label()} at {self.price:.2f}"


class Book(Item):
    def label(self) -> str:
        return "book"


class Ticket:
    price = 5

    def label(self):
        return "ticket"


class Movie(TypedDict, total=True):
    title: str
    year: NotRequired[int]
    rating: Literal["G", "PG"]


def is_texts(values: list[Any]) -> TypeGuard[list[str]]:
    return all(isinstance(value, str) for value in values)


LIMIT: Final = 3
Positive = Annotated[int, "positive", range(1, 100)]


def check(function):
    hints = get_type_hints(function, include_extras=True)

    def checked(**given):
        for name, value in given.items():
            hint = hints[name]
            base, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
            allowed = get_args(base) if get_origin(base) is Union or type(base).__name__ in ("UnionType", "Union") else (base,)
            if not isinstance(value, allowed):
                raise TypeError(f"{name}: {type(value).__name__}")
            if any(value not in note for note in notes if isinstance(note, range)):
                raise ValueError(f"{name}: {value}")
        return function(**given)

    return checked


@check
def buy(count: Positive, code: str | None = None):
    return f"{count} x {code}"


print([isinstance(one, Priced) for one in (Book(1), Ticket(), object())], Book(9.5), Movie.__required_keys__ == {"title", "rating"}, cast("int", "x"))
errors = []
for action in (lambda: Item(1), lambda: buy(count="1"), lambda: buy(count=0), lambda: buy(count=2, code=3), lambda: issubclass(Book, Priced)):
    try:
        errors.append(action())
    except (TypeError, ValueError) as error:
        errors.append(str(error) if ":" in str(error) else type(error).__name__)
print(buy(count=2, code=None), get_args(Literal["a", 1]), get_args(dict[str, list[int]]), is_texts(["a"]))
errors
