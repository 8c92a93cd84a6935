import threading
def start():
    threading.Thread(target=start).start()
start()
