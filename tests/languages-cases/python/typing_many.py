from typing import *
import typing, abc, collections.abc as ca
@runtime_checkable
class Has(Protocol):
    def close(self) -> None: ...
class F: 
    def close(self): pass
print(isinstance(F(), Has), isinstance(1, Has))
T = TypeVar("T"); 
class Stack(Generic[T]):
    def __init__(self): self.i: list[T] = []
    def push(self, x: T) -> Self: self.i.append(x); return self
print(Stack[int]().push(1).i, Stack[int], Stack.__orig_bases__, TypeVar("K", bound=int).__bound__)
class Box[V]:
    def __init__(self, v: V): self.v = v
def first[V](x: list[V]) -> V: return x[0]
type Pair[A] = tuple[A, A]
print(Box[int](3).v, first([5]), Pair, Pair.__value__, Box.__type_params__)
class TD(TypedDict, total=False): a: Required[int]; b: NotRequired[str]
print(TD(a=1), TD.__required_keys__, TD.__total__)
class NT(NamedTuple): x: int; y: str = "d"
print(NT(1), NT._field_defaults, NT.__annotations__)
UserId = NewType("UserId", int); print(UserId(5) + 1, UserId.__name__, Literal["a", "b"].__args__, get_args(Annotated[int, "m"]), Callable[[int], str], Optional[None], Final, cast(int, "x"), Any)
@overload
def o(x: int) -> int: ...
@overload
def o(x: str) -> str: ...
def o(x): return x
print(len(get_overloads(o)), isinstance([], ca.Sequence), issubclass(dict, ca.Mapping), isinstance(iter([]), ca.Iterator), isinstance({}.keys(), ca.Set))
match {"type": "circle", "r": 2, "x": [1, 2, 3]}:
    case {"type": "circle", "r": int(r), "x": [a, *rest], **other} if r > 1: print(r, a, rest, other)
def m(v):
    match v:
        case 0 | 1: return "small"
        case int(n) if n < 0: return "neg"
        case str() as s: return f"s{s}"
        case [x, y]: return x + y
        case (1, _, *_): return "one.."
        case NT(x=5): return "nt5"
        case None: return "none"
        case {"k": v2}: return v2
        case _: return "?"
print([m(v) for v in (0, -5, "a", [1, 2], (1, 2, 3), None, {"k": 9, "z": 1}, 3.5, True, b"")])
try: isinstance([], list[int])
except TypeError as e: print(e)
try: Has()
except TypeError as e: print(e)
assert_type(1, int); reveal_type if False else None
try: assert_never(1)
except AssertionError as e: print(e)
class Abs(abc.ABC):
    @abc.abstractmethod
    def f(self): ...
print(Abs.__abstractmethods__, get_type_hints(Stack.push)["return"] is Self, typing.ForwardRef("int") if False else "", ParamSpec("P").__name__)
