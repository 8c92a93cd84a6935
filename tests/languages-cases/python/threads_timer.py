import threading, time
log = []
t = threading.Timer(0.05, lambda: log.append("fired")); t.start()
u = threading.Timer(0.05, log.append, args=["never"]); u.start(); u.cancel()
time.sleep(0.1)
print(log, t.is_alive(), u.is_alive())
class Repeating(threading.Timer):
    def run(self):
        while not self.finished.wait(self.interval):
            self.function(*self.args, **self.kwargs)
r = Repeating(0.1, lambda: log.append("tick")); r.start()
time.sleep(0.35)
r.cancel(); r.join()
log
