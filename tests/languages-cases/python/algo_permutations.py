from itertools import combinations, groupby, pairwise, permutations, product
[["".join(one) for one in permutations("abc", 2)], len(list(combinations(range(6), 3))), [list(one) for one in product([0, 1], repeat=2)],
 [[key, len(list(group))] for key, group in groupby("aaabbc")], [b - a for a, b in pairwise([1, 4, 9])]]
