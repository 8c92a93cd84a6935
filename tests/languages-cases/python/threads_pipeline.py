import threading, queue
def stage(fn, inbox, outbox):
    for item in iter(inbox.get, None):
        outbox.put(fn(item))
    outbox.put(None)
a, b, c = queue.Queue(2), queue.Queue(2), queue.Queue()
ts = [threading.Thread(target=stage, args=(lambda x: x + 1, a, b)), threading.Thread(target=stage, args=(lambda x: x * x, b, c))]
for t in ts: t.start()
for n in range(6): a.put(n)
a.put(None)
for t in ts: t.join()
list(iter(c.get, None))
