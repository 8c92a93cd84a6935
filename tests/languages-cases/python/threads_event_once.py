import threading, time
class Lazy:
    def __init__(self): self._ready, self._value, self._lock, self.made = threading.Event(), None, threading.Lock(), 0
    def get(self):
        if not self._ready.is_set():
            with self._lock:
                if not self._ready.is_set():
                    time.sleep(0.01)
                    self.made += 1
                    self._value = {"config": True}
                    self._ready.set()
        return self._value
lazy, seen = Lazy(), []
ts = [threading.Thread(target=lambda: seen.append(lazy.get())) for _ in range(5)]
for t in ts: t.start()
for t in ts: t.join()
print(lazy.made, len(seen), all(x is seen[0] for x in seen))
e = threading.Event(); print(e.wait(0.01), e.is_set()); e.set(); print(e.wait(0.01)); e.clear()
threading.Timer(0.02, e.set).start(); print(e.wait(5))
