import threading, time, functools
def synchronized(f):
    lock = threading.RLock()
    @functools.wraps(f)
    def inner(*args):
        with lock:
            return f(*args)
    return inner
calls, cache = [], {}
@synchronized
def load(key):
    if key not in cache:
        calls.append(key)
        time.sleep(0.01)
        cache[key] = key.upper()
    return cache[key]
results = []
threads = [threading.Thread(target=lambda k=k: results.append(load(k))) for k in "abab"]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(calls), sorted(results))
