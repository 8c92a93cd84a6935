def times(a, b):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]

def power(a, n):
    result = [[int(i == j) for j in range(len(a))] for i in range(len(a))]
    while n:
        if n % 2:
            result = times(result, a)
        a, n = times(a, a), n // 2
    return result

def determinant(a):
    if len(a) == 1:
        return a[0][0]
    return sum((-1) ** j * a[0][j] * determinant([row[:j] + row[j + 1:] for row in a[1:]]) for j in range(len(a)))

[times([[1, 2], [3, 4]], [[0, 1], [1, 0]]), power([[1, 1], [1, 0]], 50)[0][1], determinant([[2, 0, 1], [1, 3, 2], [1, 1, 4]])]
