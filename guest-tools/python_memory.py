"""Writes a module of machine code for CPython of WASI: `stockade_memory.view`, a view of all memory, to be written.

While the component is built, `_stockade.settled` prepares the memory with it for the code that runs later.

Usage: python_memory.py FOLDER
"""

import pathlib
import sys

from python_native import CODE, CUSTOM, EXPORTS, FUNCTIONS, IMPORTS, OURS, TYPES, encoded, section

NAME = "stockade_memory"
DATA = 11
I32 = 0x7f
# The definition of a module, all zero but for the name, at its 20th byte; and two texts.
SIZE_OF_DEFINITION, AT_NAME = 52, 20
TEXTS = NAME.encode() + b"\0view\0"
# More than there can be while the component is built: memory grows.
API_VERSION, MOST, WRITE = 1013, 1 << 30, 0x200


def named(text):
    return encoded(len(text)) + text.encode()


def listed(*items):
    return encoded(len(items)) + b"".join(items)


def signed(value):
    """A constant; those here are not negative."""
    out = bytearray()
    while value > 63:
        out.append(value & 127 | 128)
        value >>= 7
    return b"\x41" + bytes([*out, value])


def function_type(takes, gives):
    return b"\x60" + listed(*[bytes([I32])] * takes) + listed(*[bytes([I32])] * gives)


def module():
    """The module; what its only function does, in C, is

        definition.m_name = "stockade_memory";
        PyObject *module = PyModule_Create2(&definition, 1013);
        PyModule_Add(module, "view", PyMemoryView_FromMemory(0, 1 << 30, PyBUF_WRITE));
        return module;
    """
    base, here = b"\x23\0", lambda offset: b"\x23\0" + signed(offset) + b"\x6a"
    store, drop = b"\x36\2\0", b"\x1a"
    code = b"".join([
        here(AT_NAME), here(SIZE_OF_DEFINITION), store,
        base, signed(API_VERSION), b"\x10\0", b"\x22\0",
        here(SIZE_OF_DEFINITION + len(NAME) + 1),
        signed(0), signed(MOST), signed(WRITE), b"\x10\1",
        b"\x10\2", drop, b"\x20\0", b"\x0b",
    ])
    body = listed(encoded(1) + bytes([I32])) + code
    texts = b"\0" * SIZE_OF_DEFINITION + TEXTS
    size = encoded(len(texts))
    # Memory of that size, at a multiple of 2 to the power of 4, and no table.
    memory = b"\1" + encoded(len(size) + 3) + size + b"\4\0\0"
    imports = listed(
        named("env") + named("memory") + b"\2\0\1",
        named("env") + named("__memory_base") + b"\3" + bytes([I32]) + b"\0",
        named("env") + named("PyModule_Create2") + b"\0\0",
        named("env") + named("PyMemoryView_FromMemory") + b"\0\1",
        named("env") + named("PyModule_Add") + b"\0\1",
    )
    return b"\0asm\1\0\0\0" + b"".join([
        section(CUSTOM, named("dylink.0") + memory),
        section(TYPES, listed(function_type(2, 1), function_type(3, 1), function_type(0, 1))),
        section(IMPORTS, imports),
        section(FUNCTIONS, listed(b"\2")),
        section(EXPORTS, listed(named(f"PyInit_{NAME}") + b"\0\3")),
        section(CODE, listed(encoded(len(body)) + body)),
        section(DATA, listed(b"\0" + base + b"\x0b" + encoded(len(texts)) + texts)),
    ])


if __name__ == "__main__":
    (pathlib.Path(sys.argv[1]) / (NAME + OURS)).write_bytes(module())
