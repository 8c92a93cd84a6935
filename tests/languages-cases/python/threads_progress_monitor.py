import queue, threading, time
progress, results = queue.Queue(), {}
def download(name, chunks):
    got = 0
    for n in range(chunks):
        time.sleep(0.02)
        got += 100
        progress.put((name, got))
    results[name] = got
    progress.put((name, None))
jobs = {"a": 3, "b": 1, "c": 2}
threads = [threading.Thread(target=download, args=item, name=item[0]) for item in jobs.items()]
for t in threads: t.start()
open_jobs = set(jobs)
while open_jobs:
    try:
        name, got = progress.get(timeout=1)
    except queue.Empty:
        print("stalled"); break
    if got is None:
        open_jobs.discard(name)
        print("finished", name)
print(results == {"a": 300, "b": 100, "c": 200}, [t.is_alive() for t in threads].count(True) <= 1)
