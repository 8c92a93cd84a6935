import random
for s in (1.5, -2.25, 3.14, 1e300, 0.0, -1.0, float("inf")):
    random.seed(s); print(s, random.random(), random.Random(s).randint(1, 10**6))
