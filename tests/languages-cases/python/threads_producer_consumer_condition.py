import threading, time, collections
items, condition, log = collections.deque(), threading.Condition(), []
def consumer(name):
    while True:
        with condition:
            while not items:
                condition.wait()
            item = items.popleft()
            condition.notify_all()
        if item is None:
            log.append(f"{name} ends")
            return
        log.append(item)
def producer():
    for i in range(5):
        with condition:
            condition.wait_for(lambda: len(items) < 2)
            items.append(i)
            condition.notify()
        time.sleep(0.01)
    with condition:
        items.append(None)
        condition.notify()
c = threading.Thread(target=consumer, args=("c1",))
p = threading.Thread(target=producer)
c.start(); p.start(); p.join(); c.join()
log
