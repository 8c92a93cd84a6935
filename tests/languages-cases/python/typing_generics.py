from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, Self, TypeVar, assert_never, get_type_hints, overload

type Pair[A, B = A] = tuple[A, B]
type Tree[T] = T | list[Tree[T]]


class Stack[T]:
    def __init__(self, *items: T) -> None:
        self.items = list(items)

    def push(self, item: T) -> Self:
        self.items.append(item)
        return self

    def map[U](self, function: Callable[[T], U]) -> "Stack[U]":
        return Stack(*map(function, self.items))

    def __iter__(self) -> Iterator[T]:
        return reversed(self.items)


def first[T: (int, str)](items: Iterable[T], default: T | None = None) -> T | None:
    return next(iter(items), default)


def flatten[T](tree: Tree[T]) -> list[T]:
    return [leaf for branch in tree for leaf in flatten(branch)] if isinstance(tree, list) else [tree]


@overload
def double(value: int) -> int: ...
@overload
def double(value: str) -> str: ...
def double(value):
    return value * 2


K = TypeVar("K", bound=str)


class Row(NamedTuple, Generic[K]):
    key: K
    pair: Pair[int] = (0, 0)


class Old(Generic[K]):
    pass


stack = Stack(1, 2).push(3).map(lambda n: n / 2)
print(list(stack), first([], "none"), flatten([1, [2, [3, []]], 4]), double("ab"), Row("a"))
print(Stack.__type_params__, first.__type_params__[0].__constraints__, Pair.__name__, Pair[int, str].__args__, Tree.__type_params__)
print(get_type_hints(first)["return"].__args__[1], Old[str].__origin__.__name__, Stack[int].__args__, Row.__annotations__.keys() >= {"key"})
try:
    assert_never("x")
except AssertionError as error:
    print(type(error).__name__)
[type(Pair).__name__, issubclass(Stack, Generic), double(4), K.__bound__.__name__]
