import threading, time
slots, active, peak, lock = threading.BoundedSemaphore(2), 0, 0, threading.Lock()
def task(n):
    global active, peak
    with slots:
        with lock:
            active += 1
            peak = max(peak, active)
        time.sleep(0.02)
        with lock:
            active -= 1
ts = [threading.Thread(target=task, args=(n,)) for n in range(6)]
for t in ts: t.start()
for t in ts: t.join()
print(peak, active)
try:
    slots.release()
except ValueError as e:
    print(e)
print(slots.acquire(blocking=False), slots.acquire(timeout=0.01), slots.acquire(timeout=0.01))
