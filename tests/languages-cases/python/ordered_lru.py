from collections import OrderedDict
cache = OrderedDict()
for key in "abcab":
    cache[key] = cache.pop(key, 0) + 1
    if len(cache) > 2:
        cache.popitem(last=False)
result = list(cache.items())
