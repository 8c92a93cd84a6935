grid = ["11000", "11000", "00100", "00011"]
seen = set()

def fill(row, column):
    stack, size = [(row, column)], 0
    while stack:
        r, c = stack.pop()
        if (r, c) in seen or not (0 <= r < len(grid) and 0 <= c < len(grid[0])) or grid[r][c] == "0":
            continue
        seen.add((r, c))
        size += 1
        stack += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
    return size

sizes = [fill(row, column) for row in range(len(grid)) for column in range(len(grid[0]))]
[size for size in sizes if size]
