from dataclasses import dataclass, field, asdict, astuple, replace, fields, FrozenInstanceError, KW_ONLY, InitVar, make_dataclass
from typing import ClassVar, Optional
import enum
@dataclass(order=True, frozen=True)
class Point:
    x: int
    y: int = 0
    tags: tuple = field(default=(), compare=False, repr=False)
    kind: ClassVar[str] = "p"
@dataclass(slots=True)
class Node:
    name: str
    children: list["Node"] = field(default_factory=list)
    _: KW_ONLY
    scale: InitVar[int] = 1
    depth: int = field(init=False)
    def __post_init__(self, scale): self.depth = scale * (1 + max((c.depth for c in self.children), default=0))
print(Point(1, 2) < Point(1, 3), sorted([Point(2), Point(1, 5)]), hash(Point(1)) == hash(Point(1, 0, ("t",))), Point(1))
try: Point(1).x = 2
except FrozenInstanceError as e: print(e)
n = Node("a", [Node("b", scale=2)], scale=3)
print(n, asdict(n), astuple(n), replace(Point(1), y=9), [f.name for f in fields(n)])
for bad in (lambda: Node(), lambda: Node("a", [], 3), lambda: Point(1, 2, 3, 4), lambda: setattr(n, "zzz", 1), lambda: Point(1) < 3, lambda: make_dataclass("X", [("a", int, 1), ("b", int)])):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
try:
    @dataclass
    class Bad: items: list = []
except ValueError as e: print(e)
class Color(enum.Enum):
    RED = "r"; GREEN = "g"; CRIMSON = "r"
    @classmethod
    def _missing_(cls, v): return cls.RED if v == "?" else None
    @property
    def nice(self): return self.name.title()
print(list(Color), Color("g"), Color["RED"], Color.CRIMSON is Color.RED, Color("?"), Color.RED.nice, Color.__members__, repr(Color.RED), str(Color.RED), f"{Color.RED}")
for bad in (lambda: Color("x"), lambda: Color["X"], lambda: setattr(Color, "RED", 1), lambda: Color.BLUE):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
class Perm(enum.Flag): R = enum.auto(); W = enum.auto(); X = enum.auto(); RW = R | W
print(Perm.RW, Perm.R | Perm.X, ~Perm.R, Perm.R in Perm.RW, Perm(0), list(Perm.RW), Perm(5), repr(Perm(7)), Perm.R.value)
class Lvl(enum.IntEnum): LOW = 1; HIGH = 10
class St(enum.StrEnum): OPEN = enum.auto(); CLOSED = "shut"
print(Lvl.HIGH > 5, Lvl.LOW + 1, f"{Lvl.LOW}", St.OPEN, St.CLOSED == "shut", repr(St.OPEN), sorted(Lvl), max(Lvl), Lvl(10))
@dataclass
class D: a: int; b: Optional[str] = None; c: dict = field(default_factory=dict, metadata={"k": 1})
print(D(1) == D(1), D(1) != D(2), D.__match_args__, fields(D)[2].metadata["k"])
match D(3, "x"):
    case D(a=int(v), b=str() as t) if v > 2: print(v, t)
asdict(D(1, c={"p": Point(1)}))
