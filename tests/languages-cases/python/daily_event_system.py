import functools, weakref, inspect, typing, contextlib, time
class Bus:
    def __init__(self): self._h: dict[str, list[tuple[int, typing.Callable]]] = {}
    def on(self, name, priority=0):
        def deco(f): self._h.setdefault(name, []).append((priority, f)); self._h[name].sort(key=lambda t: -t[0]); return f
        return deco
    def emit(self, name, /, *a, **k): return [f(*a, **k) for _, f in self._h.get(name, [])]
bus = Bus()
@bus.on("x")
def low(v): return ("low", v)
@bus.on("x", priority=5)
def high(v, extra=None): return ("high", v, extra)
print(bus.emit("x", 3), bus.emit("none"))
try: bus.emit("x", 3, extra=1)
except TypeError as e: print(e)
def retry(times, exceptions=(Exception,), backoff=0.01):
    def deco(f):
        @functools.wraps(f)
        def wrapper(*a, **k):
            for attempt in range(1, times + 1):
                try: return f(*a, **k)
                except exceptions as e:
                    print(f"{f.__name__} attempt {attempt}: {e!r}")
                    if attempt == times: raise
                    time.sleep(backoff * 2 ** attempt)
        return wrapper
    return deco
calls = 0
@retry(3, (ConnectionError,))
def flaky():
    global calls; calls += 1
    if calls < 3: raise ConnectionError("nope")
    return "ok"
print(flaky(), flaky.__name__)
class Timer(contextlib.ContextDecorator):
    def __enter__(self): self.t = time.perf_counter(); return self
    def __exit__(self, *e): self.elapsed = time.perf_counter() - self.t; return False
with Timer() as t: time.sleep(0.2)
print(f"{t.elapsed:.1f}")
class Singleton(type):
    _i = {}
    def __call__(cls, *a, **k):
        if cls not in cls._i: cls._i[cls] = super().__call__(*a, **k)
        return cls._i[cls]
class Cfg(metaclass=Singleton): pass
class Plugin:
    reg = {}
    def __init_subclass__(cls, /, name=None, **k): super().__init_subclass__(**k); Plugin.reg[name or cls.__name__.lower()] = cls
class A(Plugin): pass
class B(Plugin, name="bee"): pass
print(Cfg() is Cfg(), Plugin.reg.keys())
class State:
    def __init__(self): self.s = "idle"
    T = {("idle", "start"): "running", ("running", "pause"): "paused", ("paused", "start"): "running", ("running", "stop"): "idle"}
    def fire(self, e):
        try: self.s = self.T[self.s, e]
        except KeyError: raise ValueError(f"cannot {e} while {self.s}") from None
s = State(); s.fire("start")
try: s.fire("start")
except ValueError as e: print(e, e.__suppress_context__)
@contextlib.contextmanager
def tx(log):
    log.append("begin")
    try: yield log; log.append("commit")
    except Exception as e: log.append(f"rollback {e}"); raise
l = []
with contextlib.suppress(ZeroDivisionError):
    with tx(l): 1 / 0
with tx(l): pass
l
