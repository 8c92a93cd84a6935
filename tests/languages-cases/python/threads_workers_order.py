import queue
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, as_completed, wait

jobs, results, lock = queue.PriorityQueue(), [], threading.Lock()
for priority, name in ((3, "low"), (1, "high"), (2, "mid"), (1, "also high")):
    jobs.put((priority, name))


def worker():
    while True:
        try:
            priority, name = jobs.get_nowait()
        except queue.Empty:
            return
        with lock:
            results.append((name, priority))
        jobs.task_done()


threads = [threading.Thread(target=worker, name=f"w{n}") for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
jobs.join()
print(sorted(results, key=lambda one: one[::-1]), [thread.is_alive() for thread in threads])
local = threading.local()
local.value = 1
counter = 0


def add(n):
    global counter
    for _ in range(n):
        with lock:
            counter += 1
    if n == 13:
        raise ValueError("unlucky")
    return n


with ThreadPoolExecutor(max_workers=4) as pool:
    futures = {pool.submit(add, n): n for n in (10, 13, 20)}
    done = sorted(futures[one] for one in as_completed(futures))
    failed = [str(one.exception()) for one in futures if one.exception()]
    finished, pending = wait(futures, return_when=FIRST_EXCEPTION)
    mapped = list(pool.map(pow, [2, 3], [5, 2]))
event = threading.Event()
threading.Thread(target=event.set).start()
print(done, failed, counter, mapped, event.wait(1))
[len(results), local.value, threading.current_thread().name, threading.main_thread() is threading.current_thread()]
