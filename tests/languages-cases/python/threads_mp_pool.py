from multiprocessing import Pool, Process, Queue, cpu_count
import time
def square(n): return n * n
def add(a, b): return a + b
def child(q, n):
    time.sleep(0.05 * (3 - n)); q.put(n)
if __name__ == "__main__":
    with Pool(3) as pool:
        print(pool.map(square, range(5)), pool.starmap(add, [(1, 2), (3, 4)]), pool.apply(add, (5, 6)), list(pool.imap(square, [3, 2])))
        r = pool.apply_async(square, (9,)); print(r.get(timeout=5), r.ready(), r.successful())
        m = pool.map_async(square, [1, 2]); m.wait(); print(m.get())
    q = Queue(); ps = [Process(target=child, args=(q, n)) for n in range(3)]
    for p in ps: p.start()
    for p in ps: p.join()
    print([q.get() for _ in ps], [p.exitcode for p in ps])
