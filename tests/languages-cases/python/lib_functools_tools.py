import functools
import json


@functools.singledispatch
def show(value):
    return f"<{type(value).__name__}>"


@show.register(int)
@show.register(float)
def _(value):
    return f"number {value}"


@show.register
def _(value: list):
    return "[" + ", ".join(map(show, value)) + "]"


class Circle:
    made = 0

    def __init__(self, radius):
        self.radius = radius

    @functools.cached_property
    def area(self):
        Circle.made += 1
        return round(3.14159 * self.radius ** 2, 2)

    @functools.partialmethod
    def scaled(self, by):
        return Circle(self.radius * by)

    double = functools.partialmethod(scaled.func, 2)


@functools.lru_cache(maxsize=3)
def slow(n):
    return n * n


for n in (1, 2, 1, 3, 4, 1):
    slow(n)
circle = Circle(2)
print(show([1, 2.5, ["x", None]]), circle.area, circle.area, Circle.made, circle.double().radius)
print(slow.cache_info(), slow.__wrapped__(9))
pipeline = functools.reduce(lambda f, g: lambda x: g(f(x)), [str.strip, str.lower, functools.partial(str.replace, "")][:2])
compact = functools.partial(json.dumps, separators=(",", ":"), sort_keys=True)
ordered = sorted(["b10", "a2", "a10"], key=functools.cmp_to_key(lambda a, b: (int(a[1:]) > int(b[1:])) - (int(a[1:]) < int(b[1:]))))
[pipeline("  MiXed "), compact({"b": 1, "a": [1, 2]}), ordered, show.dispatch(bool).__name__, compact.keywords]
