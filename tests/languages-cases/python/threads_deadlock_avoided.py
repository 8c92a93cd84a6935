import threading, time
a, b, log = threading.Lock(), threading.Lock(), []
def try_both(name, first, second):
    for attempt in range(5):
        with first:
            time.sleep(0.01)
            if second.acquire(timeout=0.005 * (attempt + (2 if name == "one" else 1))):
                try:
                    log.append(name)
                    return
                finally:
                    second.release()
        time.sleep(0.003 if name == "one" else 0.011)
    log.append(name + " gave up")
ts = [threading.Thread(target=try_both, args=("one", a, b)), threading.Thread(target=try_both, args=("two", b, a))]
[t.start() for t in ts]; [t.join() for t in ts]
print(sorted(log))
