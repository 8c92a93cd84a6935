import itertools as it, functools as ft, operator as op, collections as c
def gen():
    try:
        x = yield 1
        print("got", x)
        yield from sub()
    except GeneratorExit: print("exit"); raise
    finally: print("fin")
def sub():
    try:
        r = yield "s"; print("sub", r)
    except ValueError as e: print("caught", e); yield "after"
    return "ret"
g = gen(); print(next(g), g.send("hello"), g.throw(ValueError("v"))); g.close()
try: next(g)
except StopIteration: print("stopped")
def ret(): 
    v = yield from sub(); return v
g = ret(); next(g)
try: g.send(1)
except StopIteration as s: print(s.value)
def bad(): yield 1; raise StopIteration
try: list(bad())
except RuntimeError as e: print(e, repr(e.__cause__))
def ig():
    while True:
        try: yield
        except GeneratorExit: pass
g = ig(); next(g)
try: g.close()
except RuntimeError as e: print(e)
g = gen(); 
try: g.send(5)
except TypeError as e: print(e)
print(list(it.batched("abcdefg", 3)), list(it.pairwise([1, 2, 3])), list(it.groupby("aabbca"))[0][0], [(k, len(list(v))) for k, v in it.groupby(sorted("banana"))], list(it.accumulate([1, 2, 3], op.mul, initial=10)), list(it.zip_longest([1], [2, 3], fillvalue="-")), list(it.product("ab", repeat=2))[:3], list(it.combinations(range(4), 2))[-1], list(it.permutations("abc", 2))[:2], list(it.combinations_with_replacement("ab", 2)), list(it.chain.from_iterable([[1], [2]])), list(it.islice(it.count(10, 5), 1, 6, 2)), list(it.takewhile(lambda x: x < 3, [1, 2, 5, 1])), list(it.dropwhile(lambda x: x < 3, [1, 5, 1])), list(it.filterfalse(None, [0, 1, ""])), list(it.compress("abc", [1, 0, 1])), list(it.starmap(pow, [(2, 3)])), [next(x) for x in it.tee([1, 2], 3)], list(it.repeat("x", 2)), list(it.islice(it.cycle("ab"), 5)))
@ft.lru_cache(maxsize=2)
def sq(x): return x * x
[sq(i) for i in (1, 2, 1, 3, 1, 2)]; print(sq.cache_info(), sq.cache_parameters())
print(ft.reduce(lambda a, b: a * b, [1, 2, 3, 4], 1), ft.partial(int, base=2)("101"), ft.partial(pow, 2)(5), sorted("bAc", key=ft.cmp_to_key(lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower()))))
@ft.total_ordering
class V:
    def __init__(s, v): s.v = v
    def __eq__(s, o): return s.v == o.v
    def __lt__(s, o): return s.v < o.v
print(V(1) >= V(0), V(1) <= V(1), max(V(3), V(9)).v)
@ft.singledispatch
def show(x): return "obj"
@show.register(list)
def _(x): return f"list {len(x)}"
@show.register
def _(x: int): return f"int {x}"
print(show([1]), show(True), show("s"), show.dispatch(bool).__name__)
def deco(n):
    def w(f):
        @ft.wraps(f)
        def inner(*a, **k): return [f(*a, **k)] * n
        return inner
    return w
@deco(2)
def hi(name="x"): "doc"; return name
print(hi("q"), hi.__name__, hi.__doc__, hi.__wrapped__())
cnt = c.Counter("mississippi"); print(cnt.most_common(2), cnt - c.Counter("miss"), +c.Counter(a=-1, b=2), cnt & c.Counter("is"), cnt.total(), c.Counter(a=1) | c.Counter(a=3), list(c.Counter(a=2).elements()), cnt["zz"], c.Counter("ab") == c.Counter("ba"))
d = c.deque([1, 2, 3], maxlen=3); d.append(4); d.rotate(1); d.extendleft([9]); print(d, d.index(4) if 4 in d else None, d.count(2), c.deque("ab") + c.deque("c"))
dd = c.defaultdict(list); dd["a"].append(1); print(dd, dict(dd), dd.get("z"), "z" in dd, c.ChainMap({"a": 1}, {"a": 2, "b": 3})["b"], c.OrderedDict([("x", 1), ("y", 2)]))
od = c.OrderedDict(a=1, b=2, c=3); od.move_to_end("a"); print(od.popitem(last=False), list(od), od == {"c": 3, "a": 1})
Pt = c.namedtuple("Pt", "x y z", defaults=[0]); p = Pt(1, 2); print(p, p._asdict(), p._replace(z=5), Pt._fields, Pt._make([7, 8, 9]), p == (1, 2, 0), p[1:], Pt._field_defaults)
try: c.namedtuple("B", "class x")
except ValueError as e: print(e)
print({1: "a", **{2: "b"}}, {**{"a": 1}, "a": 2}, dict.fromkeys("ab", 0), {"a": 1} | {"b": 2}, list({"b": 1, "a": 2}), sorted({"b": 1, "a": 2}.items(), key=op.itemgetter(1), reverse=True), {1, 2} ^ {2, 3}, {1, 2} <= {1, 2, 3}, {1} < {1}, op.attrgetter("x.real")(c.namedtuple("Q", "x")(3)), op.methodcaller("upper")("a"))
a = [1, 2, 3, 4, 5]; a[1:3] = [9]; a[::2] = [0, 0]; del a[-1]; a.insert(1, 7); a += (8,); print(a, a[::-1], a * 2, [0] * 3, [[]] * 2, a.count(0), sorted(a, key=lambda x: -x), [y for x in [[1], [2, 3]] for y in x], [*range(3), *"ab"], list(zip(*[(1, 2), (3, 4)])))
first, *mid, last = range(5); (a, b), c2 = (1, 2), 3; x = y = []; x.append(1); print(first, mid, last, a, b, c2, y)
