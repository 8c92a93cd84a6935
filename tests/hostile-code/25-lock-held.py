import threading
lock = threading.Lock()
with lock:
    threading.Thread(target=lock.acquire).start()
    lock.acquire()
