import threading, time
stop, ticks = threading.Event(), []
def beat():
    while not stop.is_set():
        ticks.append(len(ticks))
        time.sleep(0.1)
    ticks.append("stopped")
t = threading.Thread(target=beat, daemon=True); t.start()
time.sleep(0.25)
stop.set(); t.join()
print(ticks)
