"""What threads do, of which the machine has one: each goes on until it waits, and then another does.

A strand is what one thread does, in steps: a generator that yields a `Wait` where it waits. Functions of the code become such
generators by `twins`, those of the library by `locks`. Other code cannot be left where it waits, such as the code that began
the threads: there, the strands go on, one step after the other, until what it waits for is there. Sleeping takes no time where
something else can be done: the clock moves on when all wait.
"""

import contextvars
import functools
import math
import threading
import time
import types
from asyncio import events

from _stockade import twins, waiting as of_loops

# How often a strand, or the code, may look at what does not change before that takes time, and how much: another may change it.
LOOKS, LOOK_SECONDS = 1_000, 0.001
# How many threads may begin each other, each before it first waits: it takes the stack of the machine.
DEPTH_MAX = 50
slept, clock = time.sleep, time.monotonic


class Wait:
    """What a strand waits for: until something is so, or for a time."""

    def __init__(self, ready, until, most=math.inf):
        self.ready, self.until, self.most = ready, until, most

    def is_over(self):
        return self.ready() or self.until is not None and clock() >= self.until


class Strand:
    """What one thread does: `steps` is a generator, and `thread` the one whose name and variables it has."""

    is_daemon = False

    def __init__(self, thread, steps, context=None):
        self.thread, self.steps, self.context = thread, steps, context or contextvars.Context()
        self.wait, self.loop = Wait(bool, 0), None

    def go_on(self):
        """Has it go on until it waits, or is done."""
        strands.remove(self)
        outer, state.thread = state.thread, self.thread
        try:
            with of_loops.outside():
                events._set_running_loop(self.loop)
                self.wait = self.context.run(next, self.steps, None)
                self.loop = events._get_running_loop()
        finally:
            state.thread = outer
        if self.wait is not None:
            strands.append(self)


class State:
    """What is so at the moment."""

    # The thread that is the current one, and how many have begun each other.
    thread, depth = None, 0
    # How often it was looked at what does not change, and the errors of what waits without end.
    looks, stuck = 0, []
    # How many seconds went by in sleep, and before the time of the process was asked for.
    asleep, before = 0.0, None


state = State()
# What waits, in the order in which it began to; and what was left at the end of a cell, which is never closed.
strands, left = [], []


def begin(strand):
    """Begins a strand, which goes on until it waits."""
    if state.depth == DEPTH_MAX:
        raise RuntimeError(f"can't start new thread: {DEPTH_MAX} threads have each begun the next one")
    state.depth += 1
    try:
        strands.append(strand)
        strand.go_on()
    finally:
        state.depth -= 1


def due():
    """The strand that need not wait: one for which something is so, or else the one whose time came first."""
    for one in strands:
        if one.wait.ready():
            return one
    timed = [one for one in strands if one.wait.until is not None]
    # Each look at the clock moves it.
    now = clock() if timed else 0
    return min((one for one in timed if one.wait.until <= now), key=lambda one: one.wait.until, default=None)


def go_on(wait):
    """Has one strand go on that need not wait, or moves the clock to the next time that one waits for, or the code with `wait`;
    returns whether it could."""
    found = due()
    if found is not None:
        found.go_on()
        return True
    times = [one.until for one in (wait, *(strand.wait for strand in strands)) if one.until is not None]
    if times:
        seconds = min(max(min(times) - clock(), 0), wait.most)
        state.asleep += seconds
        slept(seconds)
    return bool(times)


def wait_for(wait):
    """Waits where the code cannot be left."""
    while not wait.is_over():
        if not go_on(wait):
            raise alone()


def alone():
    """The error of what waits for what can never be."""
    name = state.thread.name
    waiting = ", ".join(one.thread.name for one in strands)
    others = f"and so do all other threads ({waiting})" if waiting else "and there is no other thread that could bring it about"
    error = RuntimeError(f"{of_loops.NEVER}: {name} waits, {others}")
    state.stuck.append(error)
    return error


def drop(thread):
    """Ends what a thread does; returns whether it did anything."""
    found = [one for one in strands if one.thread is thread]
    for one in found:
        strands.remove(one)
        left.append(one)
    return bool(found)


# --- functions that wait ----------------------------------------------------------------------------------------------

# The steps of functions of the library, by the function.
STEPS = {}


class Pending:
    """A call that is made in steps."""

    def __init__(self, steps):
        self.steps = steps


def waiting(steps):
    """A function that waits, from a generator function that does it in steps."""

    @functools.wraps(steps)
    def whole(*args, **kwargs):
        return driven(steps(*args, **kwargs))

    STEPS[whole] = steps
    return whole


def driven(steps):
    """Does all steps at once: the others go on where they wait."""
    try:
        wait = next(steps)
        while True:
            try:
                wait_for(wait)
            except BaseException as error:
                wait = steps.throw(error)
            else:
                wait = next(steps)
    except StopIteration as end:
        return end.value


def steps_of(function):
    """The function that does in steps what another does, if there is one."""
    kind = type(function)
    if kind is types.FunctionType:
        return STEPS.get(function) or twins.of(function)
    if kind is types.MethodType or kind is functools.partial:
        inner, first = (function.__func__, (function.__self__,)) if kind is types.MethodType else (function.func, function.args)
        steps, named = steps_of(inner), getattr(function, "keywords", {})
        return steps and functools.partial(steps, *first, **named)
    if kind is types.BuiltinMethodType and type(function.__self__) is contextvars.Context and function.__name__ == "run":
        return functools.partial(run_in, function.__self__)
    own = getattr(kind, "__call__", None)
    return functools.partial(steps_of(own), function) if type(own) is types.FunctionType and steps_of(own) else None


def called(function):
    """A function that is called in a strand: one that may wait answers with a `Pending`."""
    steps = steps_of(function)
    return function if steps is None else lambda *args, **kwargs: Pending(steps(*args, **kwargs))


def is_pending(value):
    return type(value) is Pending


def call(function, *args, **kwargs):
    """Calls a function, in steps where it has them."""
    value = called(function)(*args, **kwargs)
    return (yield from value.steps) if is_pending(value) else value


def run_in(context, function, *args, **kwargs):
    """`Context.run`, in steps."""
    value = context.run(called(function), *args, **kwargs)
    while is_pending(value):
        try:
            wait = context.run(next, value.steps)
        except StopIteration as end:
            return end.value
        yield wait
    return value


def until(ready, timeout=None, most=math.inf):
    """Waits until something is so, or for a time, of which no part is longer than `most`; returns whether it is so."""
    if not ready():
        yield Wait(ready, None if timeout is None else clock() + timeout, most)
    return bool(ready())


def look(found):
    """What was found where a strand looks, which waits a little if it does so again and again."""
    state.looks = 0 if found else state.looks + 1
    if state.looks > LOOKS:
        state.looks = 0
        yield Wait(bool, clock() + LOOK_SECONDS)
    return found


def process_time():
    """The time that the code has taken, without that in which it slept."""
    if state.before is None:
        state.before = clock() - state.asleep
    return clock() - state.asleep - state.before


def sleep(seconds):
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    state.looks = 0
    yield Wait(bool, clock() + seconds)


# --- the end of a cell ------------------------------------------------------------------------------------------------


def finish():
    """Has all go on that is no daemon, at the end of a cell: a process ends when its threads have."""
    wait_for(Wait(lambda: all(one.is_daemon for one in strands), None))


def forget():
    """Leaves what waits yet, without the end of its blocks."""
    left.extend(strands)
    strands.clear()
    state.stuck.clear()


def install():
    twins.install(called, is_pending, entered)
    time.sleep, time.process_time, time.thread_time = waiting(sleep), process_time, process_time
    time.process_time_ns = time.thread_time_ns = lambda: int(process_time() * 10**9)


def entered(manager):
    """A context manager of which what it waits for at its beginning is done."""
    function = getattr(type(manager), "__enter__", None)
    acquire = getattr(manager, "acquire", None) if function in ENTERED else None
    if acquire is None:
        return manager
    value = yield from call(acquire)
    return Entered(manager, value)


# The functions that enter what has `acquire`.
ENTERED = set()


class Entered:
    def __init__(self, manager, value):
        self.manager, self.value = manager, value

    def __enter__(self):
        return self.value

    def __exit__(self, *error):
        return self.manager.__exit__(*error)
