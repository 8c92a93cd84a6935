import itertools
from collections import OrderedDict


class Cache:
    """Keeps the last `size` values for `ttl` ticks of a clock."""

    def __init__(self, size, ttl, clock):
        self.size, self.ttl, self.clock = size, ttl, clock
        self.kept = OrderedDict()
        self.hits = self.misses = self.expired = 0

    def __contains__(self, key):
        return key in self.kept and self.kept[key][1] > self.clock()

    def get(self, key, make):
        if key in self.kept:
            value, until = self.kept[key]
            if until > self.clock():
                self.hits += 1
                self.kept.move_to_end(key)
                return value
            del self.kept[key]
            self.expired += 1
        self.misses += 1
        value = make(key)
        self.kept[key] = value, self.clock() + self.ttl
        if len(self.kept) > self.size:
            gone, _ = self.kept.popitem(last=False)
            print("evicted", gone)
        return value


ticks = itertools.count()
now = 0
cache = Cache(2, 3, lambda: now)
seen = []
for now, key in enumerate("abacabbac"):
    seen.append(cache.get(key, lambda key: f"{key}{next(ticks)}"))
print(seen)
[cache.hits, cache.misses, cache.expired, list(cache.kept), "c" in cache, "z" in cache]
