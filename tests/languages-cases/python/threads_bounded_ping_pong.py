import threading
ping, pong, out = threading.Event(), threading.Event(), []
def pinger():
    for n in range(3):
        ping.wait(); ping.clear()
        out.append(f"ping {n}")
        pong.set()
def ponger():
    for n in range(3):
        pong.wait(); pong.clear()
        out.append(f"pong {n}")
        ping.set()
a, b = threading.Thread(target=pinger), threading.Thread(target=ponger)
a.start(); b.start()
ping.set()
a.join(); b.join()
out
