import heapq, threading, time
class Scheduler(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.jobs, self.condition, self.stopped, self.count = [], threading.Condition(), False, 0
    def after(self, delay, action, *args):
        with self.condition:
            self.count += 1
            heapq.heappush(self.jobs, (time.monotonic() + delay, self.count, action, args))
            self.condition.notify()
    def stop(self):
        with self.condition:
            self.stopped = True
            self.condition.notify()
    def run(self):
        while True:
            with self.condition:
                if self.stopped and not self.jobs:
                    return
                if not self.jobs:
                    self.condition.wait()
                    continue
                delay = self.jobs[0][0] - time.monotonic()
                if delay > 0:
                    self.condition.wait(delay)
                    continue
                _, _, action, args = heapq.heappop(self.jobs)
            action(*args)
out = []
s = Scheduler(); s.start()
s.after(0.3, out.append, "third"); s.after(0.1, out.append, "first"); s.after(0.2, lambda: s.after(0.05, out.append, "second and a half")); s.after(0.2, out.append, "second")
s.stop(); s.join()
print(out, s.is_alive())
