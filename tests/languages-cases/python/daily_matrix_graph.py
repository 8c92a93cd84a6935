import heapq, collections, itertools
def dijkstra(g, s):
    d, q = {s: 0}, [(0, s)]
    while q:
        c, n = heapq.heappop(q)
        if c > d[n]: continue
        for m, w in g[n].items():
            if c + w < d.get(m, float("inf")): d[m] = c + w; heapq.heappush(q, (c + w, m))
    return d
g = collections.defaultdict(dict)
for a, b, w in [("a", "b", 4), ("a", "c", 1), ("c", "b", 2), ("b", "d", 5)]: g[a][b] = w; g[b][a] = w
print(dijkstra(g, "a"), dict(g)["c"])
def solve(m):
    n = len(m); m = [r[:] for r in m]
    for i in range(n):
        p = max(range(i, n), key=lambda r: abs(m[r][i])); m[i], m[p] = m[p], m[i]
        for r in range(i + 1, n):
            f = m[r][i] / m[i][i]; m[r] = [x - f * y for x, y in zip(m[r], m[i])]
    x = [0] * n
    for i in reversed(range(n)): x[i] = (m[i][n] - sum(m[i][j] * x[j] for j in range(i + 1, n))) / m[i][i]
    return x
print(solve([[2, 1, -1, 8], [-3, -1, 2, -11], [-2, 1, 2, -3]]))
def perms(s): return [s] if len(s) < 2 else [c + p for i, c in enumerate(s) for p in perms(s[:i] + s[i+1:])]
print(perms("abc"), [list(r) for r in zip(*[[1, 2], [3, 4]])], [[sum(a * b for a, b in zip(r, c)) for c in zip(*[[1, 2], [3, 4]])] for r in [[5, 6], [7, 8]]])
def lcs(a, b):
    t = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a): 
        for j, y in enumerate(b): t[i+1][j+1] = t[i][j] + 1 if x == y else max(t[i][j+1], t[i+1][j])
    return t[-1][-1]
seen, q, dist = {(0, 0)}, collections.deque([((0, 0), 0)]), None
while q:
    (x, y), k = q.popleft()
    if (x, y) == (3, 3): dist = k; break
    for dx, dy in ((0, 1), (1, 0), (-1, 0), (0, -1)):
        n = (x + dx, y + dy)
        if all(0 <= v < 4 for v in n) and n not in seen and n not in {(1, 1), (2, 1)}: seen.add(n); q.append((n, k + 1))
lcs("AGGTAB", "GXTXAYB"), dist, list(itertools.islice((p for p in itertools.count(2) if all(p % d for d in range(2, int(p ** .5) + 1))), 10))
