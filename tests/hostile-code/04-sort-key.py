sorted(range(10), key=lambda n: [i for i in iter(int, 1)])
