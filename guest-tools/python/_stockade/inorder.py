"""Threads, pools and processes, which take turns (see `strands`). The calls of tools that a pool was given go to the host
together."""

import _thread
import _threading_local
import collections
import concurrent.futures
import contextvars
import functools
import itertools
import pathlib
import queue
import sys
import threading
import types
from concurrent.futures import Executor, Future, _base

from _stockade import calls, strands
from _stockade.locks import Lock, RLock
from _stockade.strands import Strand, call, state, until
from _stockade.waiting import asked

told = []


def note(what):
    """Says once that there is no second thread."""
    if not told:
        told.append(what)
        print(f"note: there are no threads and processes in the sandbox; {what} begins its work at once, and goes on with it "
              "where something else waits", file=sys.stderr)


# --- threads ----------------------------------------------------------------------------------------------------------

idents, OURS = itertools.count(2), str(pathlib.PurePath(__file__).parent)


def without_ours(frames):
    """A traceback without our frames."""
    if frames is None:
        return None
    rest, file = without_ours(frames.tb_next), frames.tb_frame.f_code.co_filename
    return rest if file.startswith(OURS) else types.TracebackType(rest, frames.tb_frame, frames.tb_lasti, frames.tb_lineno)


def steps(thread):
    """What a thread does."""
    try:
        yield from call(thread.run)
    except BaseException as error:
        end(thread, error)
        if any(error is one for one in state.stuck):
            raise
        error.__traceback__ = without_ours(error.__traceback__) or error.__traceback__
        threading.excepthook(threading.ExceptHookArgs([type(error), error, error.__traceback__, thread]))
    else:
        end(thread)


class Handle:
    """What the library asks whether a thread is done."""

    def __init__(self, thread):
        self.is_done = lambda: not thread.runs


def enter(thread):
    """Makes a thread one of those that are there."""
    thread._started.set()
    thread._ident, thread.runs, thread._os_thread_handle = next(idents), True, Handle(thread)
    threading._active[thread._ident] = thread


def end(thread, error=None):
    thread.runs = False
    if isinstance(thread, Process):
        thread.ended(error)
    threading._active.pop(thread._ident, None)


def start(thread):
    if not thread._initialized:
        raise RuntimeError("thread.__init__() not called")
    if thread._started.is_set():
        raise RuntimeError("threads can only be started once")
    note("threading.Thread")
    enter(thread)
    strand = Strand(thread, steps(thread))
    strand.is_daemon = thread.daemon
    strands.begin(strand)


def join(thread, timeout=None):
    if not thread._started.is_set():
        raise RuntimeError("cannot join thread before it is started")
    if thread is state.thread:
        raise RuntimeError("cannot join current thread")
    yield from until(lambda: not thread.runs, timeout and max(timeout, 0))


def is_alive(thread):
    runs = thread.runs or thread is threading.main_thread()
    yield from strands.look(not runs)
    return runs


def start_new_thread(function, args, kwargs=None):
    thread = threading.Thread(target=function, args=args, kwargs=kwargs)
    thread.start()
    return thread.ident


# --- pools ------------------------------------------------------------------------------------------------------------


class Job:
    """What a pool is given."""

    def __init__(self, fn, args, kwargs):
        self.future, self.fn, self.args, self.kwargs = Future(), fn, args, kwargs

    def steps(self):
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            value = yield from call(self.fn, *self.args, **self.kwargs)
        except BaseException as error:
            if any(error is one for one in state.stuck):
                raise
            self.future.set_exception(error)
        else:
            self.future.set_result(value)


class Worker:
    """A thread of a pool."""

    def __init__(self, name):
        self.thread, self.context, self.is_ready = threading.Thread(name=name), contextvars.Context(), False
        enter(self.thread)


class Turns(Executor):
    """A pool whose workers take turns."""

    pools = itertools.count()
    error = "A thread initializer failed, the thread pool is not usable anymore"

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=(), **__):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        # What CPython has on a machine with one processor.
        self._max_workers, self._closed, self._broken, self._first = max_workers or 5, False, None, (initializer, initargs)
        own = isinstance(thread_name_prefix, str) and thread_name_prefix
        self._prefix = own or f"{type(self).__name__}-{next(self.pools)}"
        self._jobs, self._idle, self._workers = collections.deque(), [], []

    def submit(self, fn, /, *args, **kwargs):
        if self._broken is not None:
            raise _base.BrokenExecutor(self._broken)
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        ask = asked(fn)
        if ask is not fn:
            return Asked(ask(*args, **kwargs))
        if self._prefix != "asyncio":
            note(self.what)
        job = Job(fn, args, kwargs)
        self._jobs.append(job)
        self._begin()
        return job.future

    def _begin(self):
        if not self._idle and len(self._workers) < self._max_workers:
            self._workers.append(Worker(f"{self._prefix}_{len(self._workers)}"))
            self._idle.append(self._workers[-1])
        if self._idle:
            worker = self._idle.pop()
            strands.begin(Strand(worker.thread, self._work(worker), worker.context))

    def _work(self, worker):
        (initializer, initargs), first = self._first, not worker.is_ready
        worker.is_ready = True
        try:
            if first and initializer is not None:
                yield from call(initializer, *initargs)
        except BaseException:
            return self._break()
        while self._jobs:
            yield from self._jobs.popleft().steps()
        self._idle.append(worker)

    def _break(self):
        self._broken = self.error
        while self._jobs:
            self._jobs.popleft().future.set_exception(_base.BrokenExecutor(self._broken))

    def _is_done(self):
        return not self._jobs and len(self._idle) == len(self._workers) or self._broken is not None

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._closed = True
        if cancel_futures:
            jobs = list(self._jobs)
            self._jobs.clear()
            for job in jobs:
                job.future.cancel()
                job.future.set_running_or_notify_cancel()
        if wait:
            calls.make_all()
            strands.driven(until(self._is_done))


class Asked(Future):
    """A future of a call of a tool, which is made with the others once one of them is looked at."""

    def __init__(self, call):
        super().__init__()
        self.call = call
        self.set_running_or_notify_cancel()
        if call.error is None:
            call.heard = self.hear
        else:
            self.hear()

    def hear(self):
        try:
            self.set_result(self.call.result())
        except Exception as error:
            self.set_exception(error)


def looking(name):
    """A method of a future that makes the calls before."""
    method = getattr(Future, name)

    @functools.wraps(method)
    def look(self, *args, **kwargs):
        calls.make_all()
        return method(self, *args, **kwargs)

    return look


for name in ("cancel", "cancelled", "done", "exception", "result", "running"):
    setattr(Asked, name, looking(name))


class ThreadPoolExecutor(Turns):
    __doc__, what = Turns.__doc__, "ThreadPoolExecutor"


class ProcessPoolExecutor(Turns):
    __doc__, what = Turns.__doc__, "ProcessPoolExecutor"


class InterpreterPoolExecutor(Turns):
    __doc__, what = Turns.__doc__, "InterpreterPoolExecutor"


as_completed, wait_for_futures = _base.as_completed, _base.wait


def wait_for_calls(*args, **kwargs):
    """`concurrent.futures.wait`."""
    calls.make_all()
    return (yield from call(wait_for_futures, *args, **kwargs))


def as_completed_in_order(fs, timeout=None):
    """Yields futures as they are done, those that are done already in the order in which they are given."""
    fs = list(dict.fromkeys(fs))
    return iter(fs) if all(future.done() for future in fs) else as_completed(fs, timeout)


# --- multiprocessing --------------------------------------------------------------------------------------------------


class Process(threading.Thread):
    """A process that runs as a thread does. What it changes is changed here too."""

    exitcode, numbers, pid = None, itertools.count(1), property(lambda process: process._ident)

    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        super().__init__(group, target, name or f"Process-{next(self.numbers)}", args, kwargs, daemon=daemon)

    def ended(self, error):
        code = getattr(error, "code", 1) if error is not None else 0
        self.exitcode = code if isinstance(code, int) else 1 if code else 0

    def terminate(self):
        if strands.drop(self):
            end(self)
            self.exitcode = -15

    def close(self):
        pass

    kill = terminate


# The process that began the code.
first = types.SimpleNamespace(name="MainProcess", pid=1, ident=1, daemon=False, exitcode=None, is_alive=lambda: True)


def current_process():
    thread = threading.current_thread()
    return thread if isinstance(thread, Process) else first


class Value:
    """What processes share, with a lock."""

    def __init__(self, kind, value=0, *_, lock=True):
        self.value, self.lock = value, RLock()

    def get_lock(self):
        return self.lock


class Manager:
    """What makes values that processes share: here, plain ones."""

    dict, list, Queue, Namespace, Value = dict, list, queue.Queue, types.SimpleNamespace, Value
    Lock, RLock, Event = Lock, RLock, threading.Event

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    shutdown = __exit__


class Result:
    """What a pool answers before it is done: what `of` makes of the values of all that it does for it."""

    def __init__(self, futures, of, callback, error_callback):
        self.futures, self.of, self.called = futures, of, (callback, error_callback)
        for future in futures:
            future.add_done_callback(self.hear)
        if not futures:
            self.hear()

    def hear(self, *_):
        if not self.ready():
            return
        for callback, is_of_success in zip(self.called, (True, False)):
            if callback is not None and self.successful() is is_of_success:
                callback(self.get() if is_of_success else next(filter(None, (one.exception() for one in self.futures))))

    def ready(self):
        return all(future.done() for future in self.futures)

    def wait(self, timeout=None):
        strands.driven(until(self.ready, timeout))

    def get(self, timeout=None):
        self.wait(timeout)
        if not self.ready():
            raise sys.modules["multiprocessing"].TimeoutError
        return self.of([future.result() for future in self.futures])

    def successful(self):
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return all(future.exception() is None for future in self.futures)


class Pool:
    """`multiprocessing.Pool`."""

    def __init__(self, processes=None, initializer=None, initargs=(), maxtasksperchild=None, context=None):
        self.workers = PoolWorkers(processes, initializer=initializer, initargs=initargs)

    def begun(self, function, rows, callback=None, error_callback=None, of=list, kwds=()):
        if self.workers._closed:
            raise ValueError("Pool not running")
        futures = [self.workers.submit(function, *row, **dict(kwds)) for row in rows]
        return Result(futures, of, callback, error_callback)

    def map_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        return self.begun(func, [(one,) for one in iterable], callback, error_callback)

    def starmap_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        return self.begun(func, iterable, callback, error_callback)

    def apply_async(self, func, args=(), kwds=None, callback=None, error_callback=None):
        return self.begun(func, [args], callback, error_callback, lambda values: values[0], kwds or {})

    def map(self, func, iterable, chunksize=None):
        return self.map_async(func, iterable).get()

    def starmap(self, func, iterable, chunksize=None):
        return self.starmap_async(func, iterable).get()

    def apply(self, func, args=(), kwds=None):
        return self.apply_async(func, args, kwds).get()

    def imap(self, func, iterable, chunksize=1):
        return (future.result() for future in self.map_async(func, iterable).futures)

    def imap_unordered(self, func, iterable, chunksize=1):
        return (future.result() for future in as_completed_in_order(self.map_async(func, iterable).futures))

    def close(self):
        self.workers.shutdown(wait=False)

    def terminate(self):
        self.workers.shutdown(wait=False, cancel_futures=True)
        for worker in self.workers._workers:
            strands.drop(worker.thread)

    def join(self):
        if not self.workers._closed:
            raise ValueError("Pool is still running")
        strands.driven(until(self.workers._is_done))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminate()


class PoolWorkers(Turns):
    what = "multiprocessing.Pool"


def module(name, **members):
    made = types.ModuleType(name, "There is one process with one thread in the sandbox: its work is done in order.")
    vars(made).update(members)
    sys.modules[name] = made
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, made)
    return made


def without(name):
    if name.startswith("__"):
        raise AttributeError(f"module 'multiprocessing' has no attribute {name!r}", name=name)
    raise ImportError(f"multiprocessing has no {name} here: there is one process in the sandbox. It has Pool, Process, Queue, "
                      "Manager and Lock, which do their work in order")


def install():
    Thread = threading.Thread
    state.thread = threading.main_thread()
    threading.get_ident = _thread.get_ident = lambda: state.thread._ident
    Thread.start, Thread.runs = start, False
    Thread.join, Thread.is_alive = strands.waiting(join), strands.waiting(is_alive)
    threading.local = _threading_local.local
    _thread.start_new_thread = _thread.start_new = start_new_thread
    pools = {"ThreadPoolExecutor": ThreadPoolExecutor, "ProcessPoolExecutor": ProcessPoolExecutor,
             "InterpreterPoolExecutor": InterpreterPoolExecutor}
    for name, pool in pools.items():
        pool.__module__ = "concurrent.futures"
        setattr(concurrent.futures, name, pool)
    module("concurrent.futures.thread", ThreadPoolExecutor=ThreadPoolExecutor, BrokenThreadPool=_base.BrokenExecutor)
    module("concurrent.futures.process", ProcessPoolExecutor=ProcessPoolExecutor, BrokenProcessPool=_base.BrokenExecutor)
    concurrent.futures.as_completed = _base.as_completed = as_completed_in_order
    concurrent.futures.wait = _base.wait = strands.waiting(wait_for_calls)
    install_multiprocessing()


def install_multiprocessing():
    made = module("multiprocessing", Pool=Pool, Process=Process, Queue=queue.Queue, SimpleQueue=queue.Queue,
                  JoinableQueue=queue.Queue, Manager=Manager, Value=Value, TimeoutError=TimeoutError, __path__=[])
    made.__getattr__ = without
    for name in ("Lock", "RLock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier"):
        setattr(made, name, getattr(threading, name))
    made.cpu_count, made.freeze_support, made.active_children = lambda: 1, lambda: None, list
    made.set_start_method = lambda method, force=False: None
    made.get_context = lambda method=None: made
    made.current_process, made.parent_process = current_process, lambda: None
    module("multiprocessing.pool", Pool=Pool, ThreadPool=Pool)
    module("multiprocessing.dummy", Pool=Pool, Process=Process)
