import threading, time
out = []
def work(name, seconds):
    out.append(f"{name} begins")
    time.sleep(seconds)
    out.append(f"{name} ends")
threads = [threading.Thread(target=work, args=(f"t{n}", 0.4 - n * 0.1)) for n in range(4)]
start = time.perf_counter()
for t in threads: t.start()
out.append("all started")
for t in threads: t.join()
elapsed = time.perf_counter() - start
print(out, 0.39 < elapsed < 0.6)
