import queue
import threading
class Worker(threading.Thread):
    def __init__(self, jobs, out):
        super().__init__(name="crawler", daemon=True)
        self.jobs, self.out, self.__count = jobs, out, 0
    def run(self):
        while True:
            url = self.jobs.get()
            if url is None:
                break
            self.__count += 1
            self.handle(url)
            self.jobs.task_done()
        self.out.put(("count", self.__count))
    def handle(self, url):
        self.out.put((url, len(url)))
jobs, out = queue.Queue(maxsize=2), queue.Queue()
worker = Worker(jobs, out)
worker.start()
for url in ["a", "bb", "ccc", "dddd"]:
    jobs.put(url)
jobs.join()
print(worker.is_alive(), out.qsize())
jobs.put(None)
worker.join(timeout=5)
print(worker.is_alive(), [out.get() for _ in range(out.qsize())])
