import threading, time
barrier, lock, log = threading.Barrier(3, action=lambda: log.append("gate")), threading.Lock(), []
def racer(n):
    time.sleep(n * 0.02)
    with lock: log.append(f"arrive {n}")
    place = barrier.wait()
    with lock: log.append("go")
    if place == 0:
        with lock: log.append("first")
    barrier.wait()
ts = [threading.Thread(target=racer, args=(n,)) for n in range(3)]
[t.start() for t in ts]; [t.join() for t in ts]
print(log.index("gate"), sorted(log), barrier.n_waiting, barrier.broken)
b = threading.Barrier(2)
def lonely():
    try:
        b.wait(timeout=0.05)
    except threading.BrokenBarrierError:
        log.append("broken")
t = threading.Thread(target=lonely); t.start(); t.join()
log[-1], b.broken
