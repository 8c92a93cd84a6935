import threading, contextlib, time
lock, log = threading.Lock(), []
@contextlib.contextmanager
def held(name):
    lock.acquire()
    log.append(f"{name} has it")
    try:
        yield name
    finally:
        log.append(f"{name} leaves")
        lock.release()
def work(name):
    with held(name) as n:
        time.sleep(0.01)
ts = [threading.Thread(target=work, args=(n,)) for n in "ab"]
[t.start() for t in ts]; [t.join() for t in ts]
log
