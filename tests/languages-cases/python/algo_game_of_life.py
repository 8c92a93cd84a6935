from collections import Counter
from itertools import product


def step(alive):
    around = Counter((r + dr, c + dc) for r, c in alive for dr, dc in product((-1, 0, 1), repeat=2) if (dr, dc) != (0, 0))
    return frozenset(place for place, n in around.items() if n == 3 or n == 2 and place in alive)


def drawn(alive):
    low_r, high_r = min(r for r, _ in alive), max(r for r, _ in alive)
    low_c, high_c = min(c for _, c in alive), max(c for _, c in alive)
    return "\n".join("".join(".#"[(r, c) in alive] for c in range(low_c, high_c + 1)) for r in range(low_r, high_r + 1))


glider = frozenset({(0, 1), (1, 2), (2, 0), (2, 1), (2, 2)})
state = glider
for generation in range(4):
    state = step(state)
print(drawn(state))
moved = frozenset((r + 1, c + 1) for r, c in glider)
blinker = frozenset({(0, 0), (0, 1), (0, 2)})
seen, period, state2 = {}, 0, blinker
while state2 not in seen:
    seen[state2] = period
    state2 = step(state2)
    period += 1
[state == moved, period, len(step(frozenset()))]
