import threading, time
class Account:
    def __init__(self, balance):
        self.balance, self.lock = balance, threading.RLock()
    def withdraw(self, n):
        with self.lock:
            if self.balance >= n:
                time.sleep(0.001)
                self.balance -= n
                return True
            return False
    def transfer(self, other, n):
        with self.lock:
            if self.withdraw(n):
                with other.lock:
                    other.balance += n
                return True
        return False
a, b, done = Account(100), Account(0), []
def mover():
    for _ in range(5):
        done.append(a.transfer(b, 7))
ts = [threading.Thread(target=mover) for _ in range(4)]
for t in ts: t.start()
for t in ts: t.join()
print(a.balance, b.balance, sum(done), len(done))
lock = threading.Lock()
print(lock.acquire(), lock.acquire(blocking=False), lock.acquire(timeout=0.01), lock.locked()); lock.release()
try:
    lock.release()
except RuntimeError as e: print(e)
try:
    threading.RLock().release()
except RuntimeError as e: print(e)
