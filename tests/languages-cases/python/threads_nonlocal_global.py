import threading, time
total = 0
def outer():
    count = 0
    def work(n):
        nonlocal count
        global total
        for i in range(n):
            now = count
            time.sleep(0.001)
            count = max(count, now) + 1
            total += 1
        else:
            return [x * count for x in [len("ab")] if x > int("1")]
    t = threading.Thread(target=work, args=(3,)); t.start(); t.join()
    return count
print(outer(), total)
