import functools
import traceback
from itertools import count


class Transient(Exception):
    pass


class GaveUp(Exception):
    pass


def retry(*kinds, times=3, wait=lambda attempt: 2**attempt):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            errors = []
            for attempt in range(times):
                try:
                    return function(*args, **kwargs)
                except kinds as error:
                    error.add_note(f"attempt {attempt + 1} of {times}, next in {wait(attempt)} s")
                    errors.append(error)
            raise GaveUp(f"{function.__name__}{args} after {times}") from ExceptionGroup("attempts", errors)
        wrapper.policy = {"times": times, "kinds": [kind.__name__ for kind in kinds]}
        return wrapper
    return decorate


tries = count(1)


@retry(Transient, TimeoutError, times=4)
def flaky(good_at):
    """Works at some attempt."""
    n = next(tries)
    if n == 2:
        raise TimeoutError("slow")
    if n < good_at:
        raise Transient(f"try {n}")
    return n


print(flaky(4), flaky.__doc__, flaky.policy)
try:
    flaky(100)
except GaveUp as error:
    print(error, [str(one) for one in error.__cause__.exceptions][:2], error.__cause__.exceptions[0].__notes__)
    lines = traceback.format_exception(error)
    print(len([line for line in lines if "Transient: try" in line]) > 0, lines[-1].strip())


@retry(Transient)
def broken():
    raise LookupError("not retried")


def cleanup():
    try:
        broken()
    except LookupError as error:
        return f"{type(error).__name__}: {error}"
    else:
        return "never"
    finally:
        print("cleaned")


[cleanup(), next(tries), broken.__wrapped__.__name__]
