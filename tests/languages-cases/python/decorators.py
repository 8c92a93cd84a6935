import functools
calls = []
def logged(prefix):
    def wrap(f):
        @functools.wraps(f)
        def inner(*args):
            calls.append(f"{prefix}:{f.__name__}{args}")
            return f(*args)
        return inner
    return wrap
@logged("call")
def add(a, b):
    "Adds."
    return a + b
result = [add(1, 2), calls, add.__name__, add.__doc__]
