import math
from functools import total_ordering
from numbers import Number


@total_ordering
class Vector:
    __slots__ = ("parts", "__weakref__")

    def __init__(self, *parts):
        object.__setattr__(self, "parts", tuple(map(float, parts)))

    def __setattr__(self, name, value):
        raise AttributeError(f"{type(self).__name__} does not change")

    def __iter__(self):
        return iter(self.parts)

    def __len__(self):
        return len(self.parts)

    def __getitem__(self, key):
        return Vector(*self.parts[key]) if isinstance(key, slice) else self.parts[key]

    def __repr__(self):
        return f"Vector({', '.join(f'{part:g}' for part in self)})"

    def __format__(self, spec):
        return "<" + " ".join(format(part, spec) for part in self) + ">"

    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self, other, strict=True))) if isinstance(other, Vector) else NotImplemented

    def __mul__(self, by):
        return Vector(*(part * by for part in self)) if isinstance(by, Number) else NotImplemented

    __rmul__ = __mul__

    def __matmul__(self, other):
        return math.sumprod(self, other)

    def __neg__(self):
        return self * -1

    def __abs__(self):
        return math.hypot(*self)

    def __bool__(self):
        return any(self)

    def __eq__(self, other):
        return isinstance(other, Vector) and self.parts == other.parts

    def __lt__(self, other):
        return abs(self) < abs(other)

    def __hash__(self):
        return hash(self.parts)

    def __contains__(self, value):
        return any(math.isclose(value, part) for part in self)

    def __reversed__(self):
        return reversed(self.parts)


a, b = Vector(3, 4), Vector(1, -2)
print(a + b, 2 * a, a @ b, abs(a), -b, a[0], a[:1], f"{a:.1f}", bool(Vector(0, 0)), max([a, b]), a >= b, {a: 1}[Vector(3, 4)])
print(sum([a, b], Vector(0, 0)), 0.1 + 0.2 in Vector(0.3), list(reversed(a)), *a, dict(zip("xy", b)))
errors = []
for action in (lambda: a + 1, lambda: a + Vector(1), lambda: a * "x", lambda: setattr(a, "x", 1), lambda: a @ Vector(1)):
    try:
        action()
    except (TypeError, ValueError, AttributeError) as error:
        errors.append(type(error).__name__)
[errors, len(a), math.dist(a, b).__round__(4), math.isqrt(99), math.comb(10, 3), math.perm(5, 2), math.prod([1, 2, 7])]
