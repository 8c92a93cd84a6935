import threading, time
class RW:
    def __init__(self):
        self.readers, self.cond = 0, threading.Condition(threading.Lock())
    def acquire_read(self):
        with self.cond: self.readers += 1
    def release_read(self):
        with self.cond:
            self.readers -= 1
            if not self.readers: self.cond.notify_all()
    def acquire_write(self):
        self.cond.acquire()
        while self.readers > 0: self.cond.wait()
    def release_write(self): self.cond.release()
rw, log = RW(), []
def reader(n):
    rw.acquire_read()
    log.append(f"r{n} in"); time.sleep(0.02 * n); log.append(f"r{n} out")
    rw.release_read()
def writer():
    time.sleep(0.005)
    rw.acquire_write(); log.append("w in"); log.append("w out"); rw.release_write()
ts = [threading.Thread(target=reader, args=(1,)), threading.Thread(target=reader, args=(2,)), threading.Thread(target=writer)]
[t.start() for t in ts]; [t.join() for t in ts]
log
