from collections import deque

def moving(values, size):
    window, total, means = deque(maxlen=size), 0, []
    for value in values:
        if len(window) == size:
            total -= window[0]
        window.append(value)
        total += value
        means.append(total / len(window))
    return means

[moving([1, 2, 3, 4, 10], 3), moving([], 2)]
