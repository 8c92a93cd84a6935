"""Work of other threads, of which there are none: it is done where it is begun.

Work that waits before it has done anything, such as that of a worker at a queue which is empty yet, is parked: it is left, and
begun anew where the code itself waits, once what it waits for was notified. Work that waits after it has done something cannot
be gone back to: it gets an error.
"""

import contextlib
import functools
import threading
import time

from _stockade.waiting import NEVER

ALONE = f"{NEVER}: there are no threads and processes in the sandbox, so nothing else can bring it about"
# How often work may sleep, or look at an event that is not set while it does nothing else: what it waits for comes later.
SLEEPS_MAX, LOOKS_MAX = 1_000, 100_000


class Parked(BaseException):
    """Leaves work that has done nothing yet, and waits for a condition, or for what it looks at again and again."""

    def __init__(self, condition):
        self.condition, self.notified = condition, notified(condition)

    def is_over(self):
        return self.condition is None or notified(self.condition) != self.notified


def notified(condition):
    """How often a condition was notified."""
    return 0 if condition is None else vars(condition).get("notified", 0)


class Alone(RuntimeError):
    """Work waits for what can come only after it."""

    def __init__(self, name):
        super().__init__(f"{ALONE}; {name} does its work where it is begun, so give it all that it waits for, such as the end "
                         "of a queue, before that, or before the first join()")


# What code sees of it is what it is.
Alone.__name__ = Alone.__qualname__ = "RuntimeError"
Alone.__module__ = "builtins"


class Work:
    """What another thread is to do."""

    is_daemon = False

    def __init__(self, name, do):
        self.name, self.do, self.since, self.sleeps, self.looks = name, do, 0, 0, (0, 0)

    def leave(self, condition=None):
        raise Parked(condition) if self.since == acts else Alone(self.name)


# How much was done that others may see: what was printed, called, opened, put, taken or released.
acts = 0
doing, later = [], []


def acted():
    global acts
    acts += 1


def acting(function):
    """A function that does something that others may see."""

    @functools.wraps(function)
    def act(*args, **kwargs):
        acted()
        return function(*args, **kwargs)

    return act


def begin(work):
    """Does work, and returns whether it went on: what is parked has done nothing."""
    doing.append(work)
    work.since, work.sleeps, work.looks = acts, 0, (acts, 0)
    try:
        work.do()
    except Parked as parked:
        work.parked = parked
        later.append(work)
        return False
    finally:
        doing.pop()
    return True


def go_on():
    """Begins anew what is parked, until none of it goes on, and returns whether any did."""
    went = False
    while any([begin(work) for work in taken()]):
        went = True
    return went


def taken():
    """Takes the work that need not wait any longer."""
    found = [work for work in later if work.parked.is_over()]
    later[:] = [work for work in later if work not in found]
    return found


def wait(condition=None):
    """Has others go on, where something waits without end; an error where they do not."""
    if go_on():
        return
    if doing:
        doing[-1].leave(condition)
    raise RuntimeError(ALONE)


def sleep():
    """Has others go on, where something waits for a time, and returns whether they did."""
    if not doing:
        return go_on()
    work = doing[-1]
    work.sleeps += 1
    if work.sleeps > SLEEPS_MAX:
        work.leave()
    return False


@contextlib.contextmanager
def released(condition):
    """Where others may have the lock of a condition."""
    state = condition._release_save()
    try:
        yield
    finally:
        condition._acquire_restore(state)


def look():
    """Counts how often work looks at what does not change."""
    if not doing:
        return
    work, (at, count) = doing[-1], doing[-1].looks
    work.looks = (acts, count + 1 if at == acts else 0)
    if count > LOOKS_MAX:
        work.leave()


def finish():
    """Has all that is parked go on, at the end of a cell: a process ends when its threads have."""
    go_on()
    left = [work for work in later if not work.is_daemon]
    later.clear()
    if left:
        raise Alone(left[0].name)


def forget():
    later.clear()


def install():
    waited, slept, is_set, notify = threading.Condition.wait, time.sleep, threading.Event.is_set, threading.Condition.notify

    def wait_or_park(condition, timeout=None):
        with released(condition):
            went = sleep() if timeout is not None else wait(condition) or True
        return went or waited(condition, timeout)

    def wait_until_set(event, timeout=None):
        with event._cond:
            while not event._flag and event._cond.wait(timeout):
                pass
            return event._flag

    def sleep_or_park(seconds):
        sleep()
        slept(seconds)

    def look_or_park(event):
        found = is_set(event)
        if not found:
            look()
        return found

    def notify_and_count(condition, n=1):
        acted()
        condition.notified = notified(condition) + 1
        notify(condition, n)

    threading.Condition.wait, time.sleep, threading.Event.is_set = wait_or_park, sleep_or_park, look_or_park
    threading.Event.wait, threading.Condition.notify = wait_until_set, notify_and_count
