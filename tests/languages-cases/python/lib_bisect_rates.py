from bisect import bisect, bisect_left, insort
from dataclasses import dataclass
from itertools import accumulate

BRACKETS = [(0, 0.0), (10_000, 0.1), (40_000, 0.2), (90_000, 0.4)]
limits = [limit for limit, _ in BRACKETS]


def tax(income):
    owed = 0.0
    for (low, rate), high in zip(BRACKETS, limits[1:] + [float("inf")]):
        if income <= low:
            break
        owed += (min(income, high) - low) * rate
    return round(owed, 2)


@dataclass
class Version:
    name: str
    since: int


versions = [Version("v1", 0), Version("v2", 100), Version("v3", 250)]


def at(moment):
    index = bisect(versions, moment, key=lambda version: version.since)
    return versions[index - 1].name if index else None


scores = []
for score in (50, 20, 90, 20, 70):
    insort(scores, score)
weights = list(accumulate([5, 1, 4]))
print(scores, bisect_left(scores, 20), bisect(scores, 20), [bisect(weights, n) for n in (0, 4, 5, 9)])
print([tax(income) for income in (5_000, 10_000, 25_000, 100_000)])
print([f"{tax(income) / income:.1%}" for income in (25_000, 100_000)], [at(moment) for moment in (-1, 0, 99, 100, 999)])
insort(versions, Version("v2.5", 200), key=lambda version: version.since)
[version.name for version in versions]
