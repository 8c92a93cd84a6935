import sys, contextlib, warnings
def tell(f):
    try: print("value", f())
    except BaseException as e: print(type(e).__name__, e.args, repr(e), getattr(e, "__notes__", None))
class Own(Exception):
    def __init__(self, code, *a): super().__init__(*a); self.code = code
    def __str__(self): return f"[{self.code}] {super().__str__()}"
def own(): raise Own(5, "msg", 2)
def chain():
    try: {}["x"]
    except KeyError: raise RuntimeError("second")
def sup():
    try: {}["x"]
    except KeyError: raise RuntimeError("second") from None
for f in (own, chain, sup, lambda: sys.exit("bye"), lambda: sys.exit(3), lambda: (_ for _ in ()).throw(KeyboardInterrupt), lambda: next(iter(())), lambda: [][0], lambda: int(None), lambda: undefined, lambda: "".foo, lambda: 1(), lambda: (1, 2) + [3], lambda: f(1, 2), lambda: f(x=1), lambda: print(sepp=1), lambda: b"".decode("x"), lambda: float("a"), lambda: "a".join([1]), lambda: max(1), lambda: sorted(1), lambda: range("a"), lambda: isinstance(1, "a"), lambda: setattr(1, "a", 2), lambda: object().x, lambda: type("A", (int, str), {}), lambda: super().x, lambda: iter(1), lambda: {} | [], lambda: "%d" % "x", lambda: "{:d}".format("x"), lambda: ",".split(""), lambda: "x" * "y", lambda: -"x", lambda: [*1], lambda: {**1}, lambda: print(*1), lambda: round("x"), lambda: chr(-1), lambda: eval("1 +"), lambda: eval("f("), lambda: exec("if x:\npass"), lambda: compile("a b", "f", "eval"), lambda: int("1", 99), lambda: "abc"[1.0], lambda: slice(1, 2, 0).indices(5), lambda: [1, 2][::0], lambda: memoryview(1), lambda: bytearray("x"), lambda: complex("x"), lambda: hash({}), lambda: id(), lambda: len(1), lambda: getattr(1, "x"), lambda: ValueError("a", "b"), lambda: dict(a=1).popitem(1), lambda: frozenset().add(1), lambda: ().append(1), lambda: "a".encode(1), lambda: "a".replace("a"), lambda: sum(["a"]), lambda: sum([[1]], []), lambda: all(1), lambda: zip(1), lambda: map(1), lambda: list(map(1, [1])), lambda: list(filter(1, [1])), lambda: enumerate(1), lambda: reversed({1}), lambda: "".format_map(1), lambda: "{x}".format_map({}), lambda: "{0.a}".format(1), lambda: "{".format(), lambda: "{!x}".format(1), lambda: format(1, "zz"), lambda: format("a", "d"), lambda: f"{1:{'x' * 2}}"):
    tell(f)
e = None
try:
    chain()
except RuntimeError as err: e = err
print(repr(e.__context__), e.__cause__, e.__suppress_context__)
try:
    try: 1 / 0
    finally: print("finally")
except ArithmeticError as z: print(type(z).__mro__[1].__name__)
def fin():
    for i in range(3):
        try:
            if i == 1: return "ret"
        finally:
            print("f", i)
print(fin())
@contextlib.contextmanager
def cm():
    try: yield 1
    except ValueError as e: print("handled", e)
with cm(): raise ValueError("in")
with contextlib.suppress(KeyError, IndexError): [][1]
def g():
    raise ExceptionGroup("eg", [ValueError(1), TypeError(2), ExceptionGroup("n", [KeyError(3)])])
try: g()
except ExceptionGroup as eg:
    m, r = eg.split(ValueError); print(m, r, eg.subgroup(lambda x: isinstance(x, KeyError)), eg.derive([OSError()]), len(eg.exceptions))
try:
    try: g()
    except* (ValueError, TypeError) as a: print("a", a.exceptions)
except* KeyError as k: print("k", k.exceptions[0].exceptions)
try: ExceptionGroup("x", [])
except ValueError as v: print(v)
assert True
try: assert 1 == 2, {"detail": 1}
except AssertionError as a: print(a.args)
print(OSError(2, "No such", "f").filename, UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), StopIteration(5).value, KeyError("k"), str(KeyError("k")), ImportError("m", name="n").name)
