"""What threads wait for each other with: locks, and what the library makes of them, in steps (see `strands`)."""

import asyncio
import concurrent.futures
import linecache
import logging.handlers
import queue
import sched
import threading

from _stockade import strands, twins
from _stockade.strands import STEPS, driven, until


class Held:
    """What a lock and a lock that its owner may take again have in common."""

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()


def checked(blocking, timeout):
    """The seconds to wait for a lock, or `None` for as long as it takes."""
    if not blocking and timeout != -1:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0 and timeout != -1:
        raise ValueError("timeout value must be a non-negative number")
    return (None if timeout == -1 else timeout) if blocking else 0


class Lock(Held):
    def __init__(self):
        self.held = False

    def acquire(self, blocking=True, timeout=-1):
        if self.held:
            return driven(take(self, blocking, timeout))
        self.held = True
        return True

    def release(self):
        if not self.held:
            raise RuntimeError("release unlocked lock")
        self.held = False

    def locked(self):
        return self.held

    def __repr__(self):
        return f"<{'locked' if self.held else 'unlocked'} _thread.lock object at {id(self):#x}>"


def take(lock, blocking=True, timeout=-1):
    seconds = checked(blocking, timeout)
    if lock.held and seconds == 0:
        return False
    if not (yield from until(lambda: not lock.held, seconds)):
        return False
    lock.held = True
    return True


class RLock(Held):
    def __init__(self):
        self.owner, self.count = None, 0

    @property
    def held(self):
        return self.owner is not None

    def acquire(self, blocking=True, timeout=-1):
        if self.owner not in (None, strands.state.thread):
            return driven(take_again(self, blocking, timeout))
        self.owner, self.count = strands.state.thread, self.count + 1
        return True

    def release(self):
        if self.owner is not strands.state.thread:
            raise RuntimeError("cannot release un-acquired lock")
        self.count -= 1
        if not self.count:
            self.owner = None

    def locked(self):
        return self.held

    def _is_owned(self):
        return self.owner is strands.state.thread

    def _recursion_count(self):
        return self.count if self._is_owned() else 0

    def _release_save(self):
        kept, self.owner, self.count = self.count, None, 0
        return kept

    def _acquire_restore(self, count):
        self.acquire()
        self.count = count

    def __repr__(self):
        state, owner = "locked" if self.held else "unlocked", self.owner and self.owner.ident or 0
        return f"<{state} _thread.RLock object owner={owner} count={self.count} at {id(self):#x}>"


def take_again(lock, blocking=True, timeout=-1):
    seconds = checked(blocking, timeout)
    thread = strands.state.thread
    if lock.owner not in (None, thread) and (seconds == 0 or not (yield from until(lambda: lock.owner is None, seconds))):
        return False
    lock.owner, lock.count = thread, lock.count + 1
    return True


def take_with_count(lock, count):
    """`RLock._acquire_restore`."""
    yield from take_again(lock)
    lock.count = count


def look_at_event(event):
    """`Event.is_set`."""
    return (yield from strands.look(event._flag))


# The functions of the library that wait by means of those above.
OTHERS = {
    threading.Condition: ("wait", "wait_for", "_acquire_restore"),
    threading.Event: ("wait",),
    threading.Semaphore: ("acquire",),
    threading.Barrier: ("wait", "_enter", "_wait"),
    threading.Thread: ("run",),
    threading.Timer: ("run",),
    queue.Queue: ("get", "put", "join"),
    queue._PySimpleQueue: ("get",),
    concurrent.futures.Future: ("result", "exception"),
    concurrent.futures._base: ("wait",),
    logging.handlers.QueueListener: ("_monitor", "dequeue"),
    sched.scheduler: ("run",),
    asyncio.BaseEventLoop: ("run_forever", "_run_once"),
}


def install():
    STEPS.update({Lock.acquire: take, RLock.acquire: take_again, RLock._acquire_restore: take_with_count})
    threading.Event.is_set = strands.waiting(look_at_event)
    for place, names in OTHERS.items():
        for name in names:
            function = getattr(place, name)
            STEPS[function] = twins.twin(function)
    twins.trees.clear()
    linecache.clearcache()
    strands.ENTERED.update({Held.__enter__, threading.Condition.__enter__, threading.Semaphore.__enter__})
    threading.Lock = threading._allocate_lock = Lock
    threading.RLock = threading._RLock = RLock
    queue.SimpleQueue = queue._PySimpleQueue
