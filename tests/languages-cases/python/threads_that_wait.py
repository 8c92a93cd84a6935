import contextvars
import logging
import logging.handlers
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

# A worker that is started before its queue is filled.
jobs, out = queue.Queue(), []


def worker():
    while (job := jobs.get()) is not None:
        out.append(job * 2)


thread = threading.Thread(target=worker)
thread.start()
for job in (1, 2, None):
    jobs.put(job)
thread.join()
print(out, thread.is_alive())

# Workers that never end, and a queue that is waited for.
tasks, done = queue.Queue(), []


def forever():
    while True:
        task = tasks.get()
        try:
            done.append(task + 1)
        finally:
            tasks.task_done()


for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
for task in range(5):
    tasks.put(task)
tasks.join()
print(sorted(done))

# A worker in a pool, and the name of its thread.
fed, eaten = queue.Queue(), []


def eat():
    while (one := fed.get()) is not None:
        eaten.append(one)
    return len(eaten)


with ThreadPoolExecutor(2, thread_name_prefix="eater") as pool:
    future = pool.submit(eat)
    fed.put("a")
    fed.put(None)
    print(future.result(), eaten)
    print(pool.submit(lambda: threading.current_thread().name.partition("_")[0]).result())

# An event, and threads that look again and again.
ready, stop, log = threading.Event(), threading.Event(), []


def after():
    ready.wait()
    log.append("went on")


thread = threading.Thread(target=after)
thread.start()
ready.set()
thread.join()

running = True


def by_flag():
    while running:
        time.sleep(0.01)
    log.append("saw the flag")


thread = threading.Thread(target=by_flag, daemon=True)
thread.start()
running = False
thread.join()


def by_event():
    while not stop.wait(0.01):
        pass
    log.append("saw the event")


thread = threading.Thread(target=by_event)
thread.start()
stop.set()
thread.join()
print(log)

# What is of one thread.
local, variable, seen = threading.local(), contextvars.ContextVar("variable", default=0), []
local.own = 1
variable.set(1)


def look():
    seen.append((hasattr(local, "own"), variable.get()))
    variable.set(9)


thread = threading.Thread(target=look)
thread.start()
thread.join()
print(seen, variable.get(), local.own)

# A log that another thread writes.
lines = queue.Queue()
listener = logging.handlers.QueueListener(lines, logging.StreamHandler(sys.stdout))
logger = logging.getLogger("shop")
logger.addHandler(logging.handlers.QueueHandler(lines))
listener.start()
logger.warning("sold out")
listener.stop()
