def queens(size, row=0, columns=(), up=(), down=()):
    if row == size:
        return 1
    found = 0
    for column in range(size):
        if column not in columns and row + column not in up and row - column not in down:
            found += queens(size, row + 1, columns + (column,), up + (row + column,), down + (row - column,))
    return found

[queens(size) for size in range(1, 7)]
