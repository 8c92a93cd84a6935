import queue, threading, time
class Pool:
    STOP = object()
    def __init__(self, n):
        self.q, self.done = queue.Queue(), []
        self.threads = [threading.Thread(target=self._loop, name=f"w{i}") for i in range(n)]
        for t in self.threads: t.start()
    def _loop(self):
        while (job := self.q.get()) is not self.STOP:
            fn, args = job
            try:
                self.done.append(fn(*args))
            except Exception as error:
                self.done.append(error)
            finally:
                self.q.task_done()
        self.q.task_done()
    def submit(self, fn, *args): self.q.put((fn, args))
    def __enter__(self): return self
    def __exit__(self, *exc):
        self.q.join()
        for _ in self.threads: self.q.put(self.STOP)
        for t in self.threads: t.join()
def slow(n):
    time.sleep(n / 100)
    return n
with Pool(2) as pool:
    for n in (3, 1, 2): pool.submit(slow, n)
    pool.submit(int, "x")
print(sorted(map(repr, pool.done)), [t.is_alive() for t in pool.threads])
