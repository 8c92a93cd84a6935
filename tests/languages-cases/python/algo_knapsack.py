def best(items, room):
    values = [0] * (room + 1)
    for weight, value in items:
        for left in range(room, weight - 1, -1):
            values[left] = max(values[left], values[left - weight] + value)
    return values[room]

[best([(1, 1), (3, 4), (4, 5), (5, 7)], 7), best([], 5), best([(6, 100)], 5)]
