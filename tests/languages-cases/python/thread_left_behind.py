import queue
import threading

jobs = queue.Queue()


def worker():
    print("up")
    while (job := jobs.get()) is not None:
        print(job)


thread = threading.Thread(target=worker)
thread.start()
jobs.put(1)
jobs.put(None)
thread.join()
