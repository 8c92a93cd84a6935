import threading, queue, time, sys
out, q = [], queue.Queue()
class Base:
    def go(self): return ["base", q.get()]
class Child(Base):
    def go(self):
        return super().go() + [self.__hidden(q.get())]
    def __hidden(self, v): return v * 2
    @staticmethod
    def st(v): return v + q.get()
    @classmethod
    def cl(cls, v): return cls.__name__, v, q.get()
    @property
    def prop(self): return 7
def flow(n, *args, key=5, **kw):
    x: int = int(q.get())
    try:
        while True:
            item = q.get()
            if item == "skip": continue
            if item == "stop": break
            if item == "raise": raise KeyError(item)
            out.append((n, args, key, kw, x, item))
        else:
            out.append("never")
    except Exception as e:
        out.append(repr(e))
    finally:
        out.append("finally")
    a, *b = q.get()
    d = {**{"k": q.get()}, "z": [*b]}
    s = f"{q.get()!r:>5} {len(b)}"
    y = q.get() if q.get() else None
    z = (w := q.get()) and w + 1
    out.append((a, d, s, y, z))
    c = Child()
    out.append((c.go(), c.st(1), Child.cl(2), c.prop, sorted(locals())[:3], [i + j for i in range(q.get()) for j in [q.get()] if i != int("9")]))
    import json as j
    out.append(j.dumps({"x": q.get()}))
    for k, v in {"a": 1}.items():
        out.append((k, v, q.get()))
    with q.mutex, threading.Lock() as l:
        out.append(l)
    match q.get():
        case {"p": p, **rest}: out.append((p, rest))
    x += q.get()
    out.append(x < q.get() < 100)
    return x
t = threading.Thread(target=flow, args=(1, 2, 3), kwargs={"key": 6, "o": 7})
t.start()
for v in ["4", "a", "skip", "b", "raise", (1, 2, 3), "kk", "f", True, "yy", 8, "b1", 21, 5, 6, 2, 30, 40, [1], "vv", {"p": 1, "q": 2}, 10, 50]:
    q.put(v)
t.join()
for o in out: print(o)
