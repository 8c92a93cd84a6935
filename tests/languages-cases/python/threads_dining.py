import threading, time
forks, meals = [threading.Lock() for _ in range(3)], [0] * 3
def philosopher(i):
    first, second = sorted((i, (i + 1) % 3))
    for _ in range(2):
        with forks[first]:
            time.sleep(0.001)
            with forks[second]:
                meals[i] += 1
                time.sleep(0.001)
ts = [threading.Thread(target=philosopher, args=(i,)) for i in range(3)]
[t.start() for t in ts]; [t.join() for t in ts]
meals
