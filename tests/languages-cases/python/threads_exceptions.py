import threading, sys
def boom(n): raise ValueError(f"bad {n}")
seen = []
threading.excepthook = lambda args: seen.append((args.exc_type.__name__, str(args.exc_value), args.thread.name))
t = threading.Thread(target=boom, args=(1,), name="A"); t.start(); t.join()
class Catching(threading.Thread):
    error = None
    def run(self):
        try:
            super().run()
        except Exception as error:
            self.error = error
    def join(self, *a):
        super().join(*a)
        if self.error: raise self.error
c = Catching(target=boom, args=(2,)); c.start()
try:
    c.join()
except ValueError as e: print("joined:", e)
def leave():
    seen.append("leaving"); sys.exit(3)
t = threading.Thread(target=leave); t.start(); t.join()
print(seen, t.is_alive())
try: t.start()
except RuntimeError as e: print(e)
try: threading.Thread(target=1, group=2)
except AssertionError as e: print(e)
