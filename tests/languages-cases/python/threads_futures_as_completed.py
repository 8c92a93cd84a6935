import time
from concurrent.futures import ThreadPoolExecutor, as_completed, wait, FIRST_COMPLETED, ALL_COMPLETED, TimeoutError, CancelledError
def work(n):
    time.sleep(n / 20)
    if n == 3: raise ValueError(f"bad {n}")
    return n * 10
start = time.monotonic()
with ThreadPoolExecutor(max_workers=5) as pool:
    futures = {pool.submit(work, n): n for n in (5, 1, 3, 2)}
    for f in as_completed(futures):
        try:
            print(futures[f], f.result())
        except ValueError as e:
            print(futures[f], "failed:", e)
print(0.2 < time.monotonic() - start < 0.45)
with ThreadPoolExecutor(2) as pool:
    fs = [pool.submit(work, n) for n in (1, 5, 2)]
    done, pending = wait(fs, return_when=FIRST_COMPLETED)
    print(len(done), len(pending))
    done, pending = wait(fs, timeout=0.01)
    print(len(done), len(pending), [f.running() for f in fs])
    done, pending = wait(fs, return_when=ALL_COMPLETED)
    print([f.result() for f in fs])
    try:
        pool.submit(work, 10).result(timeout=0.05)
    except TimeoutError as e:
        print("timeout", type(e).__name__, str(e) == "")
pool = ThreadPoolExecutor(1)
a, b = pool.submit(work, 2), pool.submit(work, 1)
print(b.cancel(), a.cancel(), b.cancelled(), b.done())
try:
    b.result()
except CancelledError as e:
    print("cancelled")
pool.shutdown()
try:
    pool.submit(work, 1)
except RuntimeError as e:
    print(e)
print(list(ThreadPoolExecutor().map(lambda a, b: a + b, [1, 2], [3, 4])))
try:
    for x in ThreadPoolExecutor(2).map(work, [1, 3, 2]): print(x)
except ValueError as e: print(e)
