names, ages = ["a", "b"], [1, 2]
result = [dict(zip(names, ages)), list(enumerate(names, 1)), list(zip(*[(1, 2), (3, 4)])), list(map(str, reversed(ages))), list(filter(None, [0, 1, "", "x"]))]
