import queue, threading
p = queue.PriorityQueue()
for x in [(3, "c"), (1, "a"), (2, "b")]: p.put(x)
print([p.get()[1] for _ in range(3)])
l = queue.LifoQueue(); [l.put(i) for i in range(3)]; print([l.get() for _ in range(3)])
q = queue.Queue(maxsize=1); q.put(1)
for f in (lambda: q.put(2, block=False), lambda: q.put(2, timeout=0.01), q.put_nowait.__get__(q) if False else (lambda: q.put_nowait(3)), lambda: queue.Queue().get_nowait(), lambda: queue.Queue().get(timeout=0.01), lambda: queue.Queue().task_done(), lambda: queue.Queue().get(timeout=-1)):
    try: f()
    except Exception as e: print(type(e).__name__, e)
print(q.full(), q.empty(), q.qsize(), q.maxsize)
s = queue.SimpleQueue(); s.put(1); print(s.get(), s.empty())
t = threading.Thread(target=lambda: s.put(s.get() + 1)); t.start(); s.put(5); t.join(); print(s.get())
d = queue.Queue(); d.put(1); d.shutdown()
try:
    print(d.get()); d.get()
except queue.ShutDown: print("shut")
