import random
random.seed(42)
a = [random.randint(1, 6) for _ in range(5)]
random.seed(42)
b = [random.randint(1, 6) for _ in range(5)]
result = [a == b, all(1 <= n <= 6 for n in a), len(random.sample(range(10), 3))]
