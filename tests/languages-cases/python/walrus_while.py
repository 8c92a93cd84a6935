data = iter([3, 2, 1, 0, 9])
seen = []
while (n := next(data)):
    seen.append(n)
result = seen
