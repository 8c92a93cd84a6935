import threading
local, out = threading.local(), []
class Context(threading.local):
    def __init__(self): self.items = []
ctx = Context()
def work(n):
    local.value = n
    ctx.items.append(n)
    event.wait()
    out.append((threading.current_thread().name, local.value, ctx.items))
event = threading.Event()
ts = [threading.Thread(target=work, args=(n,), name=f"worker-{n}") for n in range(3)]
for t in ts: t.start()
print(threading.active_count(), [t.name for t in threading.enumerate()], hasattr(local, "value"), ctx.items)
event.set()
for t in ts: t.join()
print(sorted(out), threading.active_count(), threading.main_thread().name)
t = threading.Thread(target=work)
print(t.name.startswith("Thread-"), t.daemon, t.ident, t.is_alive())
try:
    t.join()
except RuntimeError as e: print(e)
t.daemon = True
print(repr(t).split(",")[1].strip())
