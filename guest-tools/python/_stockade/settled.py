"""The memory that cells begin with, so that a fresh one writes to little of it, and to what lies together.

Each page that a cell writes to is copied, and has to be put in order again for the next one, which the host does quickly where
these are few and lie together. So, once the library is loaded:

- All that there is becomes immortal (PEP 683): an immortal object has no count of references, which would be written by each
  cell that looks at it.
- Code that most cells run is copied to one place, for it writes down which branches it took.
- The holes that loading the library has left are filled, so that cells get memory at the end, all from one place.
"""

import gc
import sys
import types

IMMORTAL, LEAST_OF_IMMORTAL = 5 << 28, 1 << 30
# What there is for a cell before the memory has to grow.
ROOM = 512 << 10
# The sizes of blocks, all that are in use often; and what of each is not the text of bytes: length, hash and so on.
STEP, AROUND = 16, 21
SIZES = [*(1 << power for power in range(17, 11, -1)), *range(2048, STEP, -STEP)]

namespace_of = type.__dict__["__dict__"].__get__
PARTS_OF_CODE = ("co_consts", "co_names", "co_varnames", "co_cellvars", "co_freevars", "co_filename", "co_name", "co_qualname",
                 "co_linetable", "co_exceptiontable")


def settle(warm):
    """Done last; `warm` runs what cells do most, so that all is done that the first use of something prepares."""
    from stockade_memory import view

    memory = view.cast("I")
    view.release()
    del sys.modules["stockade_memory"]
    ran = codes_of(warm)
    gc.collect()
    keep_all(memory)
    fill(memory)
    move(ran)
    for _ in range(100):
        warm()
    gc.collect()
    keep_all(memory)
    gc.freeze()
    fill(memory)
    memory.release()


def codes_of(run):
    """The code that runs, by its identity: different code may be equal."""
    ran = {}

    def note(frame, event, _):
        if event == "call":
            ran[id(frame.f_code)] = frame.f_code

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return ran


# --- what there is ----------------------------------------------------------------------------------------------------


def keep_all(memory):
    """Makes all objects immortal: those that the collector of garbage knows, and what these refer to."""
    seen = set()
    for one in gc.get_objects():
        todo = [one, *gc.get_referents(one)]
        while todo:
            one = todo.pop()
            at = id(one) >> 2
            # An object may say that it is of another type than it is.
            if issubclass(type(one), type) and id(one) not in seen:
                seen.add(id(one))
                todo += gc.get_referents(namespace_of(one))
            elif memory[at] >= LEAST_OF_IMMORTAL:
                continue
            elif type(one) is types.CodeType:
                todo += [getattr(one, part) for part in PARTS_OF_CODE]
            if memory[at] < LEAST_OF_IMMORTAL:
                memory[at] = IMMORTAL
            todo += gc.get_referents(one)


# --- code -------------------------------------------------------------------------------------------------------------


def move(ran):
    """Copies code that has run to one place."""
    copies = {}

    def moved(code):
        if id(code) not in ran:
            return code
        if id(code) not in copies:
            parts = tuple(moved(one) if isinstance(one, types.CodeType) else one for one in code.co_consts)
            copies[id(code)] = code.replace(co_consts=parts)
        return copies[id(code)]

    for code in ran.values():
        moved(code)
    for one in gc.get_objects():
        if type(one) is types.FunctionType and id(one.__code__) in ran:
            one.__code__ = moved(one.__code__)


# --- holes ------------------------------------------------------------------------------------------------------------


def fill(memory):
    """Fills the holes that are before a room for what comes."""
    begin = id(bytes(ROOM))
    for size in SIZES:
        while kept(memory, bytes(size - AROUND), begin):
            pass
    while kept(memory, object(), begin):
        pass


def kept(memory, one, begin):
    """Keeps an object that is in a hole, and returns whether it is."""
    at = id(one)
    if at < begin:
        memory[at >> 2] = IMMORTAL
    return at < begin
