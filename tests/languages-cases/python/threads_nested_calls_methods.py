import threading, queue, functools
class Service:
    def __init__(self): self.inbox, self.log = queue.Queue(), []
    def __call__(self):
        self._loop()
    def _loop(self):
        for _ in range(2):
            self._one(*self._next(timeout=1))
    def _next(self, *, timeout=None):
        kind, value = self.inbox.get(timeout=timeout)
        return kind, value
    def _one(self, kind, value, /, scale=10):
        match kind:
            case "add": self.log.append(value * scale)
            case _: self.log.append(kind)
    @functools.lru_cache
    def cached(self, x): return x
s = Service()
t = threading.Thread(target=s); t.start()
s.inbox.put(("add", 4)); s.inbox.put(("other", None)); t.join()
print(s.log)
def outer():
    total = 0
    def inner(q):
        nonlocal total
        total += q.get()
        return total
    def run():
        while inner(q) < 6: pass
        out.append(total)
    q, out = queue.Queue(), []
    t = threading.Thread(target=run); t.start()
    for n in (1, 2, 3): q.put(n)
    t.join()
    return out, total
print(outer())
t = threading.Thread(target=functools.partial(lambda q, n: q.put(q.get() + n), n=5), args=[q := queue.Queue()]); t.start()
q.put(1); t.join(); q.get()
