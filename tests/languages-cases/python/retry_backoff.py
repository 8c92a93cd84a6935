import functools
import random
import time

def retry(times, on=(Exception,)):
    def wrap(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            for attempt in range(times):
                try:
                    return function(*args, **kwargs)
                except on as error:
                    last = error
                    time.sleep(0.001 * 2 ** attempt + random.random() / 1000)
            raise RuntimeError(f"{function.__name__} failed {times} times") from last
        return call
    return wrap

calls = []

@retry(3, on=(ValueError,))
def flaky(limit):
    calls.append(limit)
    if len(calls) < limit:
        raise ValueError(len(calls))
    return "done"

first = flaky(2)
calls.clear()
try:
    flaky(9)
except RuntimeError as error:
    told = [str(error), repr(error.__cause__)]
[first, told, len(calls)]
