from functools import lru_cache, reduce, partial
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
double = partial(lambda a, b: a * b, 2)
result = [fib(90), reduce(lambda a, b: a * b, range(1, 8)), double(21)]
