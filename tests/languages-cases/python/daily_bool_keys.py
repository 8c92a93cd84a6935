d = {True: "yes", 1: "one", 1.0: "float", "1": "text", None: "none", (1, 2): "pair", False: "no"}
print(d, len(d), d[1], d[True], list(d), {0: "a", False: "b"}, {1, True, 1.0}, [True, False].count(1), sum([True, True]), True + True, sorted([True, False, 2]), isinstance(True, int))
