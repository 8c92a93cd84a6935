from itertools import accumulate, batched, chain, combinations, compress, count, cycle, dropwhile, filterfalse, groupby, islice, pairwise, product, repeat, starmap, tee, zip_longest
import operator

days = [("mon", 3), ("mon", 4), ("tue", 1), ("wed", 2), ("wed", 2), ("mon", 9)]
print([(key, sum(n for _, n in group)) for key, group in groupby(days, key=operator.itemgetter(0))])
print([list(one) for one in batched("abcdefg", 3)], list(pairwise([1, 4, 9, 16])))
print(list(accumulate([3, 1, 4, 1, 5], max)), list(accumulate([1, 2, 3], operator.mul, initial=10)))
print(list(islice(cycle("ab"), 5)), list(compress("stockade", [1, 0, 1, 0, 1, 0, 1])), list(starmap(pow, [(2, 5), (3, 2)])))
print(["".join(pair) for pair in combinations("abcd", 2)], len(list(product("01", repeat=5))))
a, b = tee(iter(range(4)))
next(b)
print(list(zip_longest(a, b, fillvalue=-1)))
print(list(dropwhile(lambda n: n < 3, [1, 3, 2])), list(filterfalse(lambda n: n % 2, range(6))), list(zip(count(10, -3), repeat("x", 2))))
try:
    list(batched("abcde", 2, strict=True))
except ValueError as error:
    print(error)
list(chain.from_iterable([[1], [], [2, 3]]))
