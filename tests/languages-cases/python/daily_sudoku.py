def solve(b):
    try: i = b.index(0)
    except ValueError: return b
    r, c = divmod(i, 9)
    used = {b[r * 9 + k] for k in range(9)} | {b[k * 9 + c] for k in range(9)} | {b[(r // 3 * 3 + k // 3) * 9 + c // 3 * 3 + k % 3] for k in range(9)}
    for v in range(1, 10):
        if v not in used:
            b[i] = v
            if solve(b): return b
    b[i] = 0
p = "530070000600195000098000060800060003400803001700020006060000280000419005000080079"
s = solve([int(c) for c in p])
["".join(map(str, s[i:i + 9])) for i in range(0, 81, 9)]
