import queue, threading
q, out = queue.Queue(), queue.Queue()
def gather(n):
    got = [q.get() for _ in range(n)]
    names = {k: q.get() for k in "ab"}
    out.put((got, names, sum(q.get() for _ in range(2))))
t = threading.Thread(target=lambda: gather(3)); t.start()
for n in range(5): q.put(n)
q.put(10); q.put(20)
t.join()
out.get()
