import threading, time
class RateLimiter:
    def __init__(self, rate, per):
        self.rate, self.per, self.allowance, self.last, self.lock = rate, per, rate, time.monotonic(), threading.Lock()
    def acquire(self):
        while True:
            with self.lock:
                now = time.monotonic()
                self.allowance = min(self.rate, self.allowance + (now - self.last) * self.rate / self.per)
                self.last = now
                if self.allowance >= 1:
                    self.allowance -= 1
                    return
            time.sleep(0.05)
limiter, done, start = RateLimiter(2, 1.0), [], time.monotonic()
def job(n):
    limiter.acquire()
    done.append(round(time.monotonic() - start))
threads = [threading.Thread(target=job, args=(n,)) for n in range(6)]
for t in threads: t.start()
for t in threads: t.join()
print(len(done), done == sorted(done), 1 <= done[-1] <= 3)
