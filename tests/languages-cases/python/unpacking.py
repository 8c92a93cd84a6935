first, *middle, last = [1, 2, 3, 4, 5]
def f(a, *args, b=2, **kw):
    return [a, list(args), b, kw]
(x, y), z = (1, 2), 3
result = [first, middle, last, f(1, 2, 3, b=4, c=5), {**{"a": 1}, "b": 2}, x + y + z]
