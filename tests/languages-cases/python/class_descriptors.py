class Typed:
    def __init__(self, kind): self.kind = kind
    def __set_name__(self, owner, name): self.name = "_" + name
    def __get__(self, obj, owner=None): return self if obj is None else getattr(obj, self.name)
    def __set__(self, obj, value):
        if not isinstance(value, self.kind): raise TypeError(f"{self.name[1:]} must be {self.kind.__name__}, not {type(value).__name__}")
        setattr(obj, self.name, value)
class Meta(type):
    registry = {}
    def __new__(m, name, bases, ns, **kw):
        cls = super().__new__(m, name, bases, ns); m.registry[name] = kw; return cls
    def __init__(cls, name, bases, ns, **kw): super().__init__(name, bases, ns)
    def __call__(cls, *a, **k): o = super().__call__(*a, **k); o.made = True; return o
    def __prepare__(name, bases, **kw): return {"prepared": 1}
class P(metaclass=Meta, tag="x"):
    age, name = Typed(int), Typed(str)
    def __init__(self, name, age): self.name, self.age = name, age
p = P("a", 3); print(p.made, P.prepared, Meta.registry, p.__dict__, P.age)  if False else print(p.made, P.prepared, Meta.registry, p.__dict__)
try: p.age = "x"
except TypeError as e: print(e)
class A:
    def __init_subclass__(cls, /, prefix="", **kw): cls.prefix = prefix
    def __class_getitem__(cls, item): return (cls.__name__, item)
    def __getattr__(self, n): return f"no {n}"
    def __missing__(self, k): return k
class B(A, prefix="b"): __slots__ = ("x",)
print(B.prefix, A[int], B().foo, B.__mro__)
class C:
    __slots__ = ("x",)
try: C().y = 1
except AttributeError as e: print(e)
try: C().x
except AttributeError as e: print(e)
class D1: 
    def f(self): return ["D1"]
class D2(D1):
    def f(self): return ["D2"] + super().f()
class D3(D1):
    def f(self): return ["D3"] + super().f()
class D4(D2, D3):
    def f(self): return ["D4"] + super().f()
print(D4().f(), [c.__name__ for c in D4.mro()])
try: type("X", (D1, D2), {})
except TypeError as e: print(e)
import abc
class Abs(abc.ABC):
    @property
    @abc.abstractmethod
    def area(self): ...
    @abc.abstractmethod
    def other(self): ...
try: Abs()
except TypeError as e: print(e)
class V:
    def __init__(s, v): s.v = v
    def __eq__(s, o): return s.v == o.v
    def __lt__(s, o): return s.v < o.v
    def __add__(s, o): return V(s.v + o.v) if isinstance(o, V) else NotImplemented
    def __radd__(s, o): return s if o == 0 else NotImplemented
    def __repr__(s): return f"V({s.v})"
    def __bool__(s): return s.v > 0
    def __len__(s): return s.v
    def __contains__(s, x): return x == s.v
    def __format__(s, f): return f"<{s.v:{f or 'd'}}>"
    def __index__(s): return s.v
    def __matmul__(s, o): return s.v * o.v
    def __getitem__(s, k): return k
    def __iadd__(s, o): s.v += o; return s
print(sum([V(1), V(2)]), V(1) < V(2), sorted([V(3), V(1)]), bool(V(0)), 5 in V(5), f"{V(5):03d} {V(1)}", [1, 2, 3][V(1)], V(2) @ V(3), V(0)[1:2, ...])
try: hash(V(1))
except TypeError as e: print(e)
try: V(1) + 1
except TypeError as e: print(e)
try: V(1) > 3
except TypeError as e: print(e)
try: V()
except TypeError as e: print(e)
try: V(1).nope
except AttributeError as e: print(e)
try: P.f()
except AttributeError as e: print(e)
import functools
class S:
    @functools.singledispatchmethod
    def f(self, x): return "any"
    @f.register
    def _(self, x: int | str): return "int or str"
    @functools.cached_property
    def c(self): print("once"); return 1
s = S(); s.c, s.c, s.f(1), s.f("a"), s.f(1.5)
