import threading, time
counter = 0
def unsafe():
    global counter
    for _ in range(3):
        seen = counter
        time.sleep(0.001)
        counter = seen + 1
ts = [threading.Thread(target=unsafe) for _ in range(5)]
for t in ts: t.start()
for t in ts: t.join()
print(counter < 15)
counter = 0
lock = threading.Lock()
def safe():
    global counter
    for _ in range(3):
        with lock:
            seen = counter
            time.sleep(0.001)
            counter = seen + 1
ts = [threading.Thread(target=safe) for _ in range(5)]
for t in ts: t.start()
for t in ts: t.join()
print(counter)
