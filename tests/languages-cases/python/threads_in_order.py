import threading
from concurrent.futures import ThreadPoolExecutor
lock, total = threading.Lock(), []

def work(number):
    with lock:
        total.append(number)
    return number * number

threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with ThreadPoolExecutor(4) as pool:
    squares = list(pool.map(work, range(4)))
[sorted(total), squares, any(thread.is_alive() for thread in threads)]
