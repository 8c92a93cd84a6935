import queue, threading
q, results, lock = queue.Queue(), [], threading.Lock()
def worker():
    while True:
        item = q.get()
        try:
            with lock:
                results.append(item * item)
        finally:
            q.task_done()
for _ in range(3):
    threading.Thread(target=worker, daemon=True).start()
for batch in ([1, 2, 3], [4, 5], [6, 7, 8, 9]):
    for x in batch:
        q.put(x)
    q.join()
    print(f"batch of {len(batch)} done:", sorted(results))
    results.clear()
q.unfinished_tasks
