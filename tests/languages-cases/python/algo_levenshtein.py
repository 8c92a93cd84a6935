from functools import lru_cache

def distance(one, other):
    @lru_cache(maxsize=None)
    def between(i, j):
        if i == 0 or j == 0:
            return i + j
        same = one[i - 1] == other[j - 1]
        return min(between(i - 1, j) + 1, between(i, j - 1) + 1, between(i - 1, j - 1) + (not same))

    return between(len(one), len(other))

[distance("kitten", "sitting"), distance("", "abc"), distance("same", "same")]
