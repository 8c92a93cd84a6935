def find(values, wanted):
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < len(values) and values[low] == wanted else -1

values = list(range(0, 100, 3))
[find(values, 27), find(values, 28), find(values, 99), find([], 1), find(values, 0)]
