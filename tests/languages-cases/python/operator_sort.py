from operator import itemgetter, attrgetter, mul
rows = [("b", 2), ("a", 2), ("c", 1)]
result = [sorted(rows, key=itemgetter(1, 0)), mul(6, 7)]
