from concurrent.futures import ThreadPoolExecutor, Future
import threading, time
log = []
def slow(x):
    time.sleep(0.02)
    return x
with ThreadPoolExecutor(2, thread_name_prefix="w") as pool:
    f = pool.submit(slow, 5)
    f.add_done_callback(lambda f: log.append(("done", f.result(), threading.current_thread().name[:1])))
    print(f.done(), f.running(), repr(f)[:11])
    g = pool.submit(lambda: threading.current_thread().name)
    print(g.result() in ("w_0", "w_1"))
print(log, f.exception(), f.done())
h = Future(); h.set_result(1); h.add_done_callback(lambda f: log.append("late")); print(log[-1])
try:
    h.set_result(2)
except Exception as e:
    print(type(e).__name__, str(e)[:14])
def init(v):
    threading.current_thread().tag = v
with ThreadPoolExecutor(1, initializer=init, initargs=("T",)) as p:
    print(p.submit(lambda: threading.current_thread().tag).result())
