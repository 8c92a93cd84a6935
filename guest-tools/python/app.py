"""Python: CPython, with its library loaded and what agent-written code expects to find.

What is imported while the component is built is all that there is at run time: the sandbox has no file system but the one
of its owner.

The value of a cell is the variable `result` if the cell gives it one, else that of its last expression. In JSON a tuple, a
set, an iterator and a range are arrays; a dataclass and a mapping are objects, whose keys are texts; `Decimal`, `Fraction`,
`UUID`, a path and a date or time are texts (ISO 8601), a `timedelta` is its seconds, an enum its value, bytes are text, or
Base64 where they are none; a whole number beyond 64 bits is its digits; NaN and the infinities are the texts "NaN", "Infinity"
and "-Infinity". Anything else is a `TypeError`. An argument of a tool that is bytes is a list of them.
"""

import array
import ast
import asyncio
import base64
import builtins
import collections
import dataclasses
import datetime
import decimal
import dis
import enum
import fractions
import functools
import gc
import inspect
import io
import itertools
import json
import keyword
import linecache
import math
import pathlib
import re
import sys
import traceback
import types
import uuid
import zoneinfo

import chart
from _stockade import (absent, calls, chance, ending, hashes, inorder, library, locks, machine, packages, settled, strands,
                       waiting)
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import code

library.load_library()
library.load_zones()
waiting.install()
strands.install()
locks.install()
inorder.install()
hashes.install()
chance.install()
machine.install()
ending.install()
absent.install(packages.load_all())

# --- output -----------------------------------------------------------------------------------------------------------


class Stream(io.TextIOWrapper):
    """Standard output or error: each line goes out at once, but past a thousand of them, for each costs a call to the host."""

    LINES = 1000

    def begin(self):
        self.left = self.LINES
        self.reconfigure(line_buffering=True)

    def write(self, text):
        self.left -= text.count("\n")
        if self.left < 0 and self.line_buffering:
            self.reconfigure(line_buffering=False)
        return super().write(text)


def stream(number, errors):
    return Stream(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), encoding="utf-8", errors=errors)


sys.stdout = sys.__stdout__ = stream(1, "strict")
sys.stderr = sys.__stderr__ = stream(2, "backslashreplace")


# --- tools ------------------------------------------------------------------------------------------------------------


class Namespace:
    """The functions of one tool."""

    def __init__(self, name):
        self.__name__ = name

    def __getattr__(self, name):
        functions = ", ".join(one for one in vars(self) if not one.startswith("__"))
        raise AttributeError(f"{self.__name__} has no function {name}; it has {functions}", name=name)

    def __repr__(self):
        return f"<tool {self.__name__!r}: {', '.join(name for name in vars(self) if not name.startswith('__'))}>"


def signature(function):
    places, names, kind = [], {}, inspect.Parameter.POSITIONAL_OR_KEYWORD
    for given in function.parameters:
        name = given.name + "_" if keyword.iskeyword(given.name) else given.name
        default = None if given.optional else inspect.Parameter.empty
        # What is needed and comes after what is not can only be given by its name.
        if not given.optional and any(place.default is None for place in places):
            kind = inspect.Parameter.KEYWORD_ONLY
        places.append(inspect.Parameter(name, kind, default=default))
        names[name] = given.name
    return inspect.Signature(places), names


def tool(function):
    """A Python function that calls a function of a tool."""
    takes, names = signature(function)
    needed = {given.name for given in takes.parameters.values() if given.default is given.empty}

    def arguments(args, kwargs):
        # What most calls are, and what `bind` makes of them much more slowly.
        if not args and needed <= kwargs.keys() <= names.keys():
            return encoded({names[name]: kwargs[name] for name in names if name in kwargs}, list)
        try:
            bound = takes.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{function.name}() {error}") from None
        return encoded({names[name]: value for name, value in bound.arguments.items()}, list)

    def call(*args, **kwargs):
        return calls.now(function.name, arguments(args, kwargs))

    def later(*args, **kwargs):
        return calls.later(function.name, lambda: arguments(args, kwargs))

    call.__name__ = function.name.rpartition(".")[2]
    call.__qualname__, call.__module__ = function.name, "__main__"
    call.__doc__, call.__signature__ = function.docs, takes
    # A wrapper of it takes over these attributes, and is told from it by the first.
    call.__tool__, call.__later__ = call, later
    return call


def namespaces(functions):
    spaces = {}
    for function in functions:
        space, dot, name = function.name.partition(".")
        if not dot:
            spaces[space] = tool(function)
            continue
        if space not in spaces:
            spaces[space] = Namespace(space)
        setattr(spaces[space], name, tool(function))
    return spaces


# --- values -----------------------------------------------------------------------------------------------------------

TEXTS = (decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath, complex, zoneinfo.ZoneInfo)
LISTS = (set, frozenset, collections.deque, array.array, range, types.GeneratorType, map, filter, zip, enumerate, reversed,
         type({}.keys()), type({}.values()), type({}.items()), type(iter([])), type(itertools.count()),
         itertools.chain, itertools.islice)


TO_JSON, LONG_NUMBER = json.JSONEncoder(ensure_ascii=False, allow_nan=False), re.compile(r"\d{19}").search


def encoded(value, of_bytes=None):
    """The JSON of a value: what most values are first, and for the others all of it again, slowly.

    Half of a surrogate pair is a `UnicodeEncodeError`.
    """
    try:
        text = TO_JSON.encode(value)
        is_plain = not LONG_NUMBER(text)
    except (TypeError, ValueError, RecursionError):
        is_plain = False
    if not is_plain:
        text = TO_JSON.encode(plain(value, (), of_bytes or text_of))
    if not text.isascii():
        text.encode()
    return text


def plain(value, around, of_bytes):
    """A value as what JSON has."""
    if value is None or isinstance(value, (bool, str)) and not isinstance(value, enum.Enum):
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value, around, of_bytes)
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else json.dumps(float(value))
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, TEXTS):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return of_bytes(bytes(value))
    return whole(value, around, of_bytes)


def whole(value, around, of_bytes):
    if id(value) in around:
        raise ValueError("the value of the cell contains itself, which JSON cannot")
    around = (*around, id(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), around, of_bytes) for field in dataclasses.fields(value)}
    if isinstance(value, collections.abc.Mapping):
        return {key_of(key): plain(one, around, of_bytes) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return [plain(one, around, of_bytes) for one in in_order(value)]
    if isinstance(value, (list, tuple, *LISTS)):
        return [plain(one, around, of_bytes) for one in value]
    kind = type(value).__name__
    raise TypeError(f"the value of the cell has a value of type {kind} in it, which is nothing that JSON can hold")


def in_order(values):
    try:
        return sorted(values)
    except TypeError:
        return list(values)


def key_of(key):
    if isinstance(key, enum.Enum):
        key = key.value
    if key is None or isinstance(key, bool):
        return json.dumps(key)
    return key.isoformat() if isinstance(key, (datetime.date, datetime.time)) else str(key)


def text_of(value):
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


# The scanner of JSON takes more of the machine's stack than Python counts, and would end the cell with it.
DEPTHS = {"[": 1, "{": 1, "]": -1, "}": -1}
TEXTS_OR_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', re.DOTALL)


def check_depth(text):
    limit = sys.getrecursionlimit()
    if text.count("[") + text.count("{") <= limit:
        return
    brackets = (DEPTHS.get(one, 0) for one in TEXTS_OR_BRACKETS.findall(text))
    if max(itertools.accumulate(brackets), default=0) > limit:
        raise RecursionError("maximum recursion depth exceeded while decoding a JSON text")


def bounded(decode):
    @functools.wraps(decode)
    def decoding(self, text, *args, **kwargs):
        if isinstance(text, str):
            check_depth(text)
        return decode(self, text, *args, **kwargs)

    return decoding


json.JSONDecoder.decode = bounded(json.JSONDecoder.decode)
json.JSONDecoder.raw_decode = bounded(json.JSONDecoder.raw_decode)


# --- cells ------------------------------------------------------------------------------------------------------------

VALUE = "__value__"
main = types.ModuleType("__main__")
main.__builtins__ = __builtins__
main.ToolError = calls.ToolError
sys.modules["__main__"] = main
variables = vars(main)
installed = []
# What cells are called, by what their code is: two cells may have one name, and are told apart in tracebacks.
cells = {}


def compiled(source, name):
    """The code of a cell, in which its last expression is given a name."""
    tree = waiting.formed(ast.parse(source, name), source)
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = tree.body[-1]
        target = ast.copy_location(ast.Name(VALUE, ast.Store()), last)
        tree.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
    return compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


STORES = {dis.opmap["STORE_NAME"], dis.opmap["STORE_GLOBAL"]}


def gives_result(program):
    """Whether the code itself, not a function in it, stores in `result`."""
    if "result" not in program.co_names:
        return False
    names = program.co_names
    return any(op in STORES and names[number] == "result" for _, _, op, number in dis._unpack_opargs(program.co_code))


def execute(program):
    variables.pop(VALUE, None)
    try:
        running = eval(program, variables)
        if program.co_flags & inspect.CO_COROUTINE:
            asyncio.run(running)
    except SystemExit as error:
        calls.asked.clear()
        if error.code not in (None, 0):
            raise
    value = variables.pop(VALUE, None)
    if gives_result(program) and "result" in variables:
        value = variables["result"]
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def done(program):
    """The value of a cell, once all is done that it called."""
    try:
        value = execute(program)
        strands.finish()
        return value
    except BaseException as error:
        ending.tell(error)
        raise
    finally:
        strands.forget()
        ending.end()
        calls.end()


def begin(cell):
    for stream in (sys.stdout, sys.stderr):
        stream.begin()
    for name in installed:
        variables.pop(name, None)
    spaces = namespaces(cell.functions)
    installed[:] = spaces
    variables.update(spaces, input=json.loads(cell.input), __file__=f"/{cell.name}")
    sys.argv = [cell.name]
    machine.begin()
    # The second of a name needs another one, for tracebacks look lines up by it.
    file = f"<cell {len(cells) + 1}>" if cell.name in cells else cell.name
    cells[file] = cell.name
    # By the second name, what `__file__` is, the source of a class is looked up.
    for name in (file, variables["__file__"]):
        linecache.cache[name] = (len(cell.source), None, cell.source.splitlines(True), name)
    return file


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # a stream that is full, or that the cell has closed: the host says so with the result


# --- exceptions -------------------------------------------------------------------------------------------------------


# Where the files of the library are, and ours.
OTHERS = tuple(f"{path}/" for path in sys.path if path not in ("", "/"))


def is_own(file):
    """Whether a file is of the code itself: a cell, or a module that it has beside it."""
    return file in cells or file.startswith("/") and not file.startswith(OTHERS)


def only_own(told):
    """Leaves of a traceback the frames of the code itself, in the exceptions that led to it too."""
    seen, todo = set(), [told]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.stack = traceback.StackSummary.from_list([frame for frame in one.stack if is_own(frame.filename)])
        todo += [one.__cause__, one.__context__, *(one.exceptions or ())]
    return told


def named(told):
    """Calls the cells in a traceback by their names."""
    seen, todo = set(), [told]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        for frame in one.stack:
            frame.line  # which is looked up by the file
            frame.filename = cells.get(frame.filename, frame.filename)
        if getattr(one, "filename", None) in cells:
            one.filename = cells[one.filename]
        todo += [one.__cause__, one.__context__, *(one.exceptions or ())]
    return told


def place(error, told, file):
    """The line and the column, from 1, of what went wrong."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or None, error.offset or None
    frame = next((frame for frame in reversed(told.stack) if frame.filename in cells), None)
    if frame is None:
        return None, None
    if frame.colno is None:
        return frame.lineno, None
    line = linecache.getline(frame.filename, frame.lineno).encode()
    return frame.lineno, len(line[:frame.colno].decode(errors="replace")) + 1


def exception(error, file, syntax):
    told = only_own(traceback.TracebackException.from_exception(error, compact=True))
    line, column = place(error, told, file)
    named(told)
    message = str(error.msg if isinstance(error, SyntaxError) else error)
    if isinstance(error, KeyError) and len(error.args) == 1:
        message = repr(error.args[0])
    text = "".join(told.format()).rstrip("\n")
    return Err(code.Exception(syntax, whole_text(type(error).__name__), whole_text(message), line, column, whole_text(text)))


def whole_text(text):
    """A text in which half of a surrogate pair is U+FFFD, for what is said of an exception is not the place for another."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


class Code(exports.Code):
    """What the host calls."""

    def run(self, cell):
        syntax, file = True, None
        try:
            file = begin(cell)
            program = compiled(cell.source, file)
            syntax = False
            return encoded(done(program))
        except BaseException as error:
            failed = error
        finally:
            flush()
        raise exception(failed, file, syntax and isinstance(failed, (SyntaxError, ValueError, MemoryError, RecursionError)))


# What cells do most.
WARM = "'hello'", """
import re
rows = [{"id": n, "name": f"row {n}", "tags": ["a", "b"]} for n in range(3)]
def f(x):
    return x
print("", end="")
[f(n) for n in range(3)]
""", """
import json
for n in range(3):
    found = tool.idle(n=n)
found = tool.idle(1)
"await input"
result = sorted(({"found": found, "n": n} for n in range(2)), key=lambda row: -row["n"])
result
""", """
{}["missing"]
"""


def warm():
    function = code.Function("tool.idle", "", [code.Parameter("n", False)])
    call, calls.tools.call = calls.tools.call, lambda name, arguments: "1"
    for source in WARM:
        try:
            Code().run(code.Cell("warm.py", source, "null", [function]))
        except Err:
            pass
        for name in [name for name in variables if name not in known]:
            del variables[name]
        for name in ("warm.py", "/warm.py"):
            linecache.cache.pop(name)
        cells.clear()
        installed.clear()
    calls.tools.call = call


known = {*variables, "__file__"}
settled.settle(warm)
