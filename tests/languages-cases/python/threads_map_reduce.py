from concurrent.futures import ThreadPoolExecutor
import collections, re, threading, time
docs = ["the cat sat", "the dog sat down", "a cat and a dog"]
def mapper(doc):
    time.sleep(0.01 * len(doc))
    return collections.Counter(re.findall(r"\w+", doc))
with ThreadPoolExecutor(max_workers=3) as pool:
    total = sum(pool.map(mapper, docs), collections.Counter())
print(total.most_common(3))
lock, shared = threading.Lock(), {}
def add(n):
    for i in range(n):
        with lock:
            shared[i % 3] = shared.get(i % 3, 0) + 1
with ThreadPoolExecutor() as pool:
    list(pool.map(add, [10, 20, 30]))
print(dict(sorted(shared.items())))
try:
    with ThreadPoolExecutor(2) as pool:
        for value in pool.map(lambda x: 10 // x, [5, 0, 2], timeout=5):
            print(value)
except ZeroDivisionError as error:
    print("failed:", type(error).__name__)
