from itertools import combinations, product, groupby, accumulate, chain
result = {
    "pairs": list(combinations("abc", 2)),
    "product": ["".join(p) for p in product("ab", repeat=2)],
    "runs": [(k, len(list(g))) for k, g in groupby("aaabcc")],
    "sums": list(accumulate([1, 2, 3, 4])),
    "flat": list(chain.from_iterable([[1], [2, 3]])),
}
