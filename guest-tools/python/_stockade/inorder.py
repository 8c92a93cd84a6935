"""Threads, pools and processes, of which there are none: their work is done in its order, where it is begun. The calls of tools
that a pool was given go to the host together."""

import _thread
import _threading_local
import concurrent.futures
import contextlib
import contextvars
import functools
import itertools
import queue
import sys
import threading
import time
import types
from concurrent.futures import Executor, Future, _base

from _stockade import calls, parked
from _stockade.parked import Alone, Parked, Work
from _stockade.waiting import asked

told = []


def note(what):
    """Says once that there is no second thread."""
    if not told:
        told.append(what)
        print(f"note: there are no threads and processes in the sandbox; {what} does its work in order, where it is begun",
              file=sys.stderr)


# --- threads ----------------------------------------------------------------------------------------------------------

idents = itertools.count(2)


class Threaded(Work):
    """What a thread is to do."""

    def __init__(self, thread):
        super().__init__(f"thread {thread.name}", self.run)
        self.thread, self.is_daemon = thread, thread.daemon
        # `Thread.run` deletes them.
        self.given = {name: vars(thread)[name] for name in ("_target", "_args", "_kwargs") if name in vars(thread)}

    def run(self):
        thread = self.thread
        with current(thread):
            try:
                contextvars.Context().run(thread.run)
            except SystemExit:
                pass
            except Parked:
                vars(thread).update(self.given)
                raise
            except Alone:
                if not self.is_daemon:
                    raise
            except BaseException as error:
                # Without the frames of this file and of `threading`.
                error.__traceback__ = error.__traceback__.tb_next.tb_next or error.__traceback__
                threading.excepthook(threading.ExceptHookArgs([type(error), error, error.__traceback__, thread]))
        thread.runs = False


@contextlib.contextmanager
def current(thread):
    """Where a thread is the current one."""
    here, outer = threading.get_ident(), threading.current_thread()
    threading._active[here] = thread
    try:
        yield
    finally:
        threading._active[here] = outer


def start(thread):
    if not thread._initialized:
        raise RuntimeError("thread.__init__() not called")
    if thread._started.is_set():
        raise RuntimeError("threads can only be started once")
    note("threading.Thread")
    thread._started.set()
    thread._ident, thread.runs = next(idents), True
    parked.begin(Threaded(thread))


def join(thread, timeout=None):
    if not thread._started.is_set():
        raise RuntimeError("cannot join thread before it is started")
    if thread is threading.current_thread():
        raise RuntimeError("cannot join current thread")
    parked.go_on()
    if thread.runs and timeout is None:
        raise Alone(f"thread {thread.name}")


def refuse_timer(timer):
    raise RuntimeError("threading.Timer: there are no threads in the sandbox, so nothing runs later; call the function, after "
                       "time.sleep() where it must be later")


def start_new_thread(function, args, kwargs=None):
    thread = threading.Thread(target=function, args=args, kwargs=kwargs)
    thread.start()
    return thread.ident


class Lock:
    """A lock that says so where it would be waited for without end."""

    def __init__(self):
        self.held = False

    def acquire(self, blocking=True, timeout=-1):
        if not self.held:
            self.held = True
            return True
        if blocking and timeout < 0:
            parked.wait()
            return self.acquire()
        if blocking:
            time.sleep(timeout)
        return False

    def release(self):
        self.let_go(sys._getframe(1))

    def let_go(self, by):
        if not self.held:
            raise RuntimeError("release unlocked lock")
        self.held = False
        if by.f_globals is not vars(threading) and by.f_globals is not vars(queue):
            parked.acted()

    def locked(self):
        return self.held

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.let_go(sys._getframe(1))


# --- pools ------------------------------------------------------------------------------------------------------------


class InOrder(Executor):
    """A pool of one worker: the thread that gives it work."""

    pools = itertools.count()

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=(), **__):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._max_workers, self._closed, self._first = max_workers or 1, False, (initializer, initargs)
        prefix = thread_name_prefix if isinstance(thread_name_prefix, str) and thread_name_prefix else f"{type(self).__name__}-{next(self.pools)}"
        self._worker, self._context, self._given = threading.Thread(name=f"{prefix}_0"), contextvars.Context(), []

    def submit(self, fn, /, *args, **kwargs):
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        (initializer, initargs), self._first = self._first, (None, ())
        if initializer is not None:
            self._context.run(initializer, *initargs)
        ask = asked(fn)
        if ask is not fn:
            return Asked(ask(*args, **kwargs))
        note(type(self).__name__)
        future = done(lambda: self._context.run(fn, *args, **kwargs), self._worker)
        self._given.append(future)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._closed = True
        if wait:
            calls.make_all()
            parked.go_on()
            if not all(future.done() for future in self._given):
                raise Alone(self._worker.name)


def done(do, thread):
    """A future of what is done now, or once it waits no more."""
    future = Future()
    future.set_running_or_notify_cancel()

    def work():
        try:
            with current(thread):
                value = do()
        except Parked:
            raise
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(value)

    parked.begin(Work(thread.name, work))
    return future


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


class ThreadPoolExecutor(InOrder):
    __doc__ = InOrder.__doc__


class ProcessPoolExecutor(InOrder):
    __doc__ = InOrder.__doc__


class InterpreterPoolExecutor(InOrder):
    __doc__ = InOrder.__doc__


as_completed, wait_for_futures = _base.as_completed, _base.wait


def wait_for_calls(*args, **kwargs):
    calls.make_all()
    return wait_for_futures(*args, **kwargs)


def as_completed_in_order(fs, timeout=None):
    """Yields futures as they are done, those that are done already in the order in which they are given."""
    fs = list(dict.fromkeys(fs))
    return iter(fs) if all(future.done() for future in fs) else as_completed(fs, timeout)


# --- multiprocessing --------------------------------------------------------------------------------------------------


class Process(threading.Thread):
    """A process that runs as a thread does, which is at once and in order. What it changes is changed here too."""

    exitcode = pid = None
    numbers = itertools.count(1)

    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        super().__init__(group, target, name or f"Process-{next(self.numbers)}", args, kwargs, daemon=daemon)

    def run(self):
        self.pid, self.exitcode = self.ident, 1
        super().run()
        self.exitcode = 0

    def terminate(self):
        pass

    kill = close = terminate


# The process that began the code.
first = types.SimpleNamespace(name="MainProcess", pid=1, ident=1, daemon=False, exitcode=None, is_alive=lambda: True)


def current_process():
    thread = threading.current_thread()
    return thread if isinstance(thread, Process) else first


class Value:
    """What processes share, with a lock."""

    def __init__(self, kind, value=0, *_, lock=True):
        self.value, self.lock = value, threading.RLock()

    def get_lock(self):
        return self.lock


class Manager:
    """What makes values that processes share: here, plain ones."""

    dict, list, Queue, Namespace, Value = dict, list, queue.Queue, types.SimpleNamespace, Value
    Lock, RLock, Event = Lock, threading.RLock, threading.Event

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    shutdown = __exit__


class Result:
    """What `Pool.apply_async` answers."""

    def __init__(self, future):
        self.future = future
        self.wait = lambda timeout=None: None
        self.ready = future.done

    def get(self, timeout=None):
        return self.future.result()

    def successful(self):
        return self.future.exception() is None


class Pool:
    """`multiprocessing.Pool`, in order."""

    def __init__(self, processes=None, initializer=None, initargs=(), maxtasksperchild=None, context=None):
        note("multiprocessing.Pool")
        self.open = True
        if initializer is not None:
            initializer(*initargs)

    def begun(self, function, rows, callback=None, error_callback=None):
        if not self.open:
            raise ValueError("Pool not running")
        result = Result(done(lambda: [function(*row) for row in rows], threading.current_thread()))
        error = result.future.exception()
        if error is None and callback is not None:
            callback(result.get())
        if error is not None and error_callback is not None:
            error_callback(error)
        return result

    def map_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        return self.begun(func, ((one,) for one in iterable), callback, error_callback)

    def starmap_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        return self.begun(func, iterable, callback, error_callback)

    def apply_async(self, func, args=(), kwds=None, callback=None, error_callback=None):
        first = None if callback is None else lambda values: callback(values[0])
        result = self.begun(lambda: func(*args, **(kwds or {})), [()], first, error_callback)
        future = Future()
        error = result.future.exception()
        future.set_result(result.get()[0]) if error is None else future.set_exception(error)
        return Result(future)

    def map(self, func, iterable, chunksize=None):
        return self.map_async(func, iterable).get()

    def starmap(self, func, iterable, chunksize=None):
        return self.starmap_async(func, iterable).get()

    def apply(self, func, args=(), kwds=None):
        return self.apply_async(func, args, kwds).get()

    def imap(self, func, iterable, chunksize=1):
        return iter(self.map(func, iterable))

    imap_unordered = imap

    def close(self):
        self.open = False

    terminate = close

    def join(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


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
    Thread.start, Thread.join, Thread.runs = start, join, False
    Thread.is_alive = lambda thread: thread.runs or thread is threading.main_thread()
    threading.Timer.start = refuse_timer
    threading.Lock, queue.SimpleQueue, threading.local = Lock, queue._PySimpleQueue, _threading_local.local
    _thread.start_new_thread = _thread.start_new = start_new_thread
    pools = {"ThreadPoolExecutor": ThreadPoolExecutor, "ProcessPoolExecutor": ProcessPoolExecutor,
             "InterpreterPoolExecutor": InterpreterPoolExecutor}
    for name, pool in pools.items():
        pool.__module__ = "concurrent.futures"
        setattr(concurrent.futures, name, pool)
    module("concurrent.futures.thread", ThreadPoolExecutor=ThreadPoolExecutor, BrokenThreadPool=_base.BrokenExecutor)
    module("concurrent.futures.process", ProcessPoolExecutor=ProcessPoolExecutor, BrokenProcessPool=_base.BrokenExecutor)
    concurrent.futures.as_completed = _base.as_completed = as_completed_in_order
    concurrent.futures.wait = _base.wait = functools.wraps(wait_for_futures)(wait_for_calls)
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
