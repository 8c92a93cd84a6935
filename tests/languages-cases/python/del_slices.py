items = list(range(10))
del items[::2]
items[1:3] = ["x"]
result = items
