matrix = [[1, 2, 3], [4, 5, 6]]
result = {
    "t": [[row[i] for row in matrix] for i in range(3)],
    "even": [n for row in matrix for n in row if n % 2 == 0],
    "map": {str(n): n ** 2 for n in range(3)},
    "set": sorted({len(w) for w in ["a", "bb", "cc"]}),
}
