"""`asyncio` without sockets and without waiting, and `await` of a tool.

A tool that is called answers before the call returns, so that a plain call gives a plain value: `shop.find(id=1)["price"]`.
Models write `await shop.find(id=1)` and `asyncio.gather(shop.find(id=1), …)` too. Both are right, by two rules:

1. `await`, and the functions of `asyncio` that take something to wait for, take a value where they find one. A cell is
   compiled with `await X` as `await __awaited__(X)`, in which a value is itself.
2. A call of a tool that stands right behind `await`, or as an argument of such a function, can be had by nothing but what waits
   for it. So it need not be made at once: it goes to the host together with the others that are waited for when nothing else can
   run. A cell is compiled with `await f(x)` as `await __awaited__(__called__(f)(x))`, and with `asyncio.gather(f(x))` as
   `asyncio.gather(__later__(asyncio, ("gather",), f)(x))`, in which a function that is no tool is itself. What takes the
   argument is looked up for that a second time, so that no code of the cell may run then: a property may call a tool.
"""

import ast
import asyncio
import builtins
import copy
import functools
import inspect
import math
import selectors
import types
from asyncio import events, runners, selector_events, tasks

from _stockade import calls, strands

# The host takes a longer sleep for one that takes time.
PART_SECONDS = 10
NEVER = "the code waits for something that can never happen"


class Nothing(selectors.BaseSelector):
    """A selector of nothing, which waits for the calls of tools, for threads, and else by moving the clock."""

    loop = None

    def register(self, fileobj, events, data=None):
        raise OSError("there are no sockets in the sandbox")

    def unregister(self, fileobj):
        raise KeyError(fileobj)

    def get_map(self):
        return {}

    def select(self, timeout=None):
        if timeout != 0 and calls.make_all():
            return []
        if timeout is None or timeout > 0:
            # In whole milliseconds, as elsewhere: so what is due at about the same time goes on together.
            seconds = timeout and math.ceil(timeout * 1_000) / 1_000
            yield from strands.until(lambda: self.loop._ready, seconds, PART_SECONDS)
        return []


class Loop(selector_events.BaseSelectorEventLoop):
    """An event loop in which sleeping takes no time, and all wakes in its order."""

    makes_calls = True

    def __init__(self):
        super().__init__(Nothing())
        self._selector.loop = self

    def _make_self_pipe(self):
        pass

    def _close_self_pipe(self):
        pass

    def _write_to_self(self):
        pass

    def create_task(self, coro, **kwargs):
        return super().create_task(ready(coro) if is_answer(coro) else coro, **kwargs)

    def run_until_complete(self, future):
        with outside():
            return super().run_until_complete(ready(future) if is_answer(future) else future)

    def run_in_executor(self, executor, func, *args):
        call = asked(func)
        return super().run_in_executor(executor, func, *args) if call is func else self.create_task(call(*args))

    async def shutdown_default_executor(self, timeout=None):
        self._executor_shutdown_called = True
        if self._default_executor is not None:
            self._default_executor.shutdown()


class outside:
    """Where a loop runs already, such as that of a cell with `await` at its top: another may run inside of one of its steps."""

    def __enter__(self):
        self.loop = events._get_running_loop()
        if self.loop is not None:
            self.task = tasks._swap_current_task(self.loop, None)
            events._set_running_loop(None)

    def __exit__(self, *_):
        if self.loop is not None:
            events._set_running_loop(self.loop)
            tasks._swap_current_task(self.loop, self.task)


cancel_all = runners._cancel_all_tasks


def cancel_all_at_end(loop):
    loop.ends = True
    cancel_all(loop)


run = asyncio.run


@functools.wraps(run)
def run_inside(main, **kwargs):
    with outside():
        return run(ready(main) if is_answer(main) else main, **kwargs)


get_event_loop = asyncio.get_event_loop


@functools.wraps(get_event_loop)
def get_or_make_loop():
    try:
        return get_event_loop()
    except RuntimeError:
        loop = Loop()
        asyncio.set_event_loop(loop)
        return loop


# --- `await` of a tool, which has answered already --------------------------------------------------------------------


class Ready:
    """A value that can be awaited, and is there."""

    def __init__(self, value):
        self.value = value

    def __await__(self):
        return self.value
        yield


async def ready(value):
    return value


# What a tool can answer.
ANSWERS = (dict, list, str, int, float, bool, type(None))


def is_answer(value):
    return type(value) in ANSWERS and not (type(value) is list and any(inspect.isawaitable(one) for one in value))


def awaited(value):
    """What `await` waits for: a value that a tool may have answered is itself."""
    return Ready(value) if is_answer(value) else value


def asked(function):
    """A function that is called to be awaited: of a tool, one that asks for the call and returns what can be awaited."""
    if isinstance(function, functools.partial) and asked(function.func) is not function.func:
        return functools.partial(asked(function.func), *function.args, **function.keywords)
    if not isinstance(function, types.FunctionType) or vars(function).get("__tool__") is not function:
        return function
    return function.__later__


def later(start, names, function, through=map):
    """The function that is called in an argument of what `names` lead to, or that is given there to `map`: as above, if that
    waits."""
    taker = found(start, names)
    waits = any(taker is one for one in takers)
    ask = asked(function)
    return calls.placed(ask) if ask is not function and waits and through is map else function


def found(value, names):
    """The function that names lead to, one within the other, as far as it is found without running code of the cell."""
    for name in names:
        value = vars(value).get(name) if type(value) is types.ModuleType else inspect.getattr_static(value, name, None)
    return value.__func__ if type(value) in (types.MethodType, staticmethod, classmethod) else value


to_thread = asyncio.to_thread


@functools.wraps(to_thread)
async def to_thread_or_host(func, /, *args, **kwargs):
    call = asked(func)
    return await (to_thread(func, *args, **kwargs) if call is func else call(*args, **kwargs))


# The functions that take what is to be waited for, and the last parts of their names.
takers = []
TAKERS = {"as_completed", "create_task", "ensure_future", "gather", "run", "run_until_complete", "shield", "wait_for"}
# What they call it, where it is given by a name.
NAMES = {"arg", "coro", "coro_or_future", "fs", "fut", "future", "main"}


def is_path(node):
    """Whether an expression is a name, or one of a name, of which `found` finds what it is."""
    return isinstance(node, ast.Name) or isinstance(node, ast.Attribute) and is_path(node.value)


# Without one of these, a cell in ASCII has nothing to be formed; other letters may be another way to write them.
WORDS = {"await", "input", *TAKERS}


def formed(tree, source):
    """Writes a cell so that `await` and `gather` wait for the answer of a tool, and `input()` says what it is. What is within
    comes first; and one after the other, for a long sum nests deeper than functions can call each other."""
    if source.isascii() and not any(word in source for word in WORDS):
        return tree
    for node in reversed(list(ast.walk(tree))):
        if isinstance(node, ast.Await):
            form_await(node)
        elif isinstance(node, ast.Call):
            form_call(node)
    return tree


def form_await(node):
    if isinstance(node.value, ast.Call):
        node.value.func = called("__called__", [node.value.func], node.value.func)
    node.value = called("__awaited__", [node.value], node.value)


def form_call(node):
    name = getattr(node.func, "attr", getattr(node.func, "id", None))
    if name == "input" and isinstance(node.func, ast.Name):
        node.func = called("__input__", [node.func], node.func)
    elif name in TAKERS and is_path(node.func):
        node.args = [taken(node.func, one) for one in node.args]
        for named in node.keywords:
            named.value = taken(node.func, named.value) if named.arg in NAMES else named.value


def taken(taker, node):
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "map" and node.args:
        node.args[0] = called("__later__", [*parted(taker), node.args[0], copy.deepcopy(node.func)], node.args[0])
    elif isinstance(node, ast.Call) and is_path(node.func):
        node.func = called("__later__", [*parted(taker), node.func], node.func)
    elif isinstance(node, ast.Starred):
        node.value = taken(taker, node.value)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        node.elts = [taken(taker, one) for one in node.elts]
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        node.elt = taken(taker, node.elt)
    return node


def parted(path):
    """The name that a path begins with, and a tuple of those behind it, as expressions."""
    names, start = [], path
    while isinstance(start, ast.Attribute):
        names.insert(0, start.attr)
        start = start.value
    return [copy.deepcopy(start), ast.copy_location(ast.Constant(tuple(names)), path)]


def called(name, args, place):
    function = ast.copy_location(ast.Name(name, ast.Load()), place)
    return ast.copy_location(ast.Call(function, args, []), place)


def taking_answers(function, places):
    """A function of asyncio that takes answers of tools where it takes coroutines."""

    @functools.wraps(function)
    def taking(*args, **kwargs):
        given = [ready(one) if places(index) and is_answer(one) else one for index, one in enumerate(args)]
        named = {name: ready(one) if name in NAMES and is_answer(one) else one for name, one in kwargs.items()}
        return function(*given, **named)

    return taking


as_completed = asyncio.as_completed


@functools.wraps(as_completed)
def as_completed_of_answers(fs, **kwargs):
    # Begun in their order, which a set of them would lose.
    return as_completed([asyncio.ensure_future(one) for one in fs], **kwargs)


def install():
    Nothing.select = strands.waiting(Nothing.select)
    events.new_event_loop = asyncio.new_event_loop = Loop
    asyncio.run, asyncio.get_event_loop = run_inside, get_or_make_loop
    runners._cancel_all_tasks = cancel_all_at_end
    asyncio.to_thread = to_thread_or_host
    builtins.__awaited__, builtins.__called__, builtins.__later__ = awaited, asked, later
    asyncio.gather = taking_answers(asyncio.gather, lambda index: True)
    for name in ("wait_for", "create_task", "ensure_future", "shield"):
        setattr(asyncio, name, taking_answers(getattr(asyncio, name), lambda index: index == 0))
    asyncio.TaskGroup.create_task = taking_answers(asyncio.TaskGroup.create_task, lambda index: index == 1)
    asyncio.as_completed = as_completed_of_answers
    takers.extend(getattr(asyncio, name) for name in TAKERS if hasattr(asyncio, name))
    takers.extend([asyncio.TaskGroup.create_task, Loop.create_task, Loop.run_until_complete])
