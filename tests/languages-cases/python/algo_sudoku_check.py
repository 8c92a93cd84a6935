rows = ["534678912", "672195348", "198342567", "859761423", "426853791", "713924856", "961537284", "287419635", "345286179"]

def valid(rows):
    columns = ["".join(row[index] for row in rows) for index in range(9)]
    boxes = ["".join(rows[r + i][c: c + 3] for i in range(3)) for r in (0, 3, 6) for c in (0, 3, 6)]
    return all(sorted(group) == list("123456789") for group in rows + columns + boxes)

[valid(rows), valid([rows[0]] * 9)]
