"""Makes machine code of a wheel for Emscripten (PEP 783) fit for a component.

Such a wheel needs the C library and CPython alone, which WASI's builds of them give too: the layout of their types is the same,
that of wasm32 and of musl. One thing differs. Emscripten unwinds by exceptions of WebAssembly, of which componentize-py and
the sandbox know nothing. Rust throws for nothing but a panic, so each block that catches is made a plain block without its
handlers, and what throws ends the code: a panic is then the end of the instance, as it is in every other tool of Rust.
"""

SHIM = "unwind.cpython-314-wasm32-wasi.so"
ENDING, OURS = ".cpython-314-wasm32-emscripten.so", ".cpython-314-wasm32-wasi.so"

# Instructions by what follows them; all others stand alone.
NUMBERS = {0x0c: 1, 0x0d: 1, 0x10: 1, 0x11: 2, 0x12: 1, 0x13: 2, 0x3f: 1, 0x40: 1, 0x41: 1, 0x42: 1, 0xd0: 1, 0xd2: 1,
           **dict.fromkeys(range(0x20, 0x27), 1)}
ALONE = {0x00, 0x01, 0x05, 0x0f, 0x1a, 0x1b, 0xd1, *range(0x45, 0xc5)}
BULK = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}
BLOCK, LOOP, IF, TRY, CATCH, THROW, RETHROW, END, DELEGATE, CATCH_ALL = 0x02, 0x03, 0x04, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x18, 0x19
CUSTOM, TYPES, IMPORTS, FUNCTIONS, EXPORTS, CODE, TAGS = 0, 1, 2, 3, 7, 10, 13


class Unfit(Exception):
    """A module has what is not known here."""


def number(data, at):
    """An unsigned number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def after(data, at, count=1):
    """Where some numbers end, whatever they are."""
    for _ in range(count):
        while data[at] & 128:
            at += 1
        at += 1
    return at


def encoded(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def after_memory(data, at):
    align, at = number(data, at)
    return after(data, at, 2 if align & 64 else 1)


def after_operands(data, op, at):
    """Where the operands of an instruction end that is about no exception."""
    if op in ALONE:
        return at
    if op in NUMBERS:
        return after(data, at, NUMBERS[op])
    if op == 0x0e:
        count, at = number(data, at)
        return after(data, at, count + 1)
    if op == 0x1c:
        count, at = number(data, at)
        return at + count
    if 0x28 <= op <= 0x3e:
        return after_memory(data, at)
    if op in (0x43, 0x44):
        return at + (4 if op == 0x43 else 8)
    if op in (0xfc, 0xfd, 0xfe):
        return after_prefixed(data, op, *number(data, at))
    raise Unfit(f"instruction {op:#x} at {at}")


def after_prefixed(data, prefix, op, at):
    if prefix == 0xfc:
        return after(data, at, BULK.get(op, 0))
    if prefix == 0xfe:
        return at + 1 if op == 3 else after_memory(data, at)
    if op <= 11 or op in (92, 93):
        return after_memory(data, at)
    if op in (12, 13):
        return at + 16
    if 84 <= op <= 91:
        return after_memory(data, at) + 1
    return at + 1 if 21 <= op <= 34 else at


def without_handlers(data, at, end):
    """The code of a function in which nothing is caught."""
    out, kept = bytearray(), at
    locals_, at = number(data, at)
    for _ in range(locals_):
        at = after(data, at) + 1
    # What is open: whether each is a block that catches; and how deep inside of a handler this is.
    stack, deep = [False], 0
    while at < end:
        begin, op = at, data[at]
        at += 1
        if op in (BLOCK, LOOP, IF, TRY):
            at = after(data, at)
            if deep:
                deep += 1
                continue
            stack.append(op == TRY)
            if op == TRY:
                out += data[kept:begin] + bytes([BLOCK])
                kept = begin + 1
        elif op in (CATCH, CATCH_ALL):
            at = after(data, at) if op == CATCH else at
            if not deep:
                out += data[kept:begin]
                deep = 1
        elif op == END and deep:
            deep -= 1
            if not deep:
                stack.pop()
                kept = begin
        elif op == END:
            stack.pop()
        elif op == DELEGATE:
            at = after(data, at)
            if deep:
                deep -= 1
            else:
                stack.pop()
                out += data[kept:begin] + bytes([END])
                kept = at
        elif op in (THROW, RETHROW):
            at = after(data, at)
            if not deep:
                out += data[kept:begin] + b"\0"
                kept = at
        else:
            at = after_operands(data, op, at)
    if at != end or stack:
        raise Unfit("a function does not end where it should")
    return bytes(out + data[kept:end])


def without_tags(data, at):
    """The imports, but for those of exceptions."""
    count, at = number(data, at)
    kept = []
    for _ in range(count):
        begin = at
        for _ in range(2):
            length, at = number(data, at)
            at += length
        kind = data[at]
        at += 1
        if kind == 4:
            at = after(data, at + 1)
            continue
        if kind == 0:
            at = after(data, at)
        elif kind == 3:
            at += 2
        else:
            at += kind == 1
            at = after(data, at + 1, 2 if data[at] & 1 else 1)
        kept.append(data[begin:at])
    return encoded(len(kept)) + b"".join(kept)


def functions_without_handlers(data, at):
    count, at = number(data, at)
    out = [encoded(count)]
    for _ in range(count):
        size, at = number(data, at)
        body = without_handlers(data, at, at + size)
        out += [encoded(len(body)), body]
        at += size
    return b"".join(out)


def section(kind, content):
    return bytes([kind]) + encoded(len(content)) + content


def without_exceptions(data):
    """A module of WebAssembly that throws and catches nothing."""
    out, at = [data[:8]], 8
    while at < len(data):
        kind = data[at]
        size, begin = number(data, at + 1)
        at = begin + size
        if kind == IMPORTS:
            out.append(section(kind, without_tags(data, begin)))
        elif kind == CODE:
            out.append(section(kind, functions_without_handlers(data, begin)))
        elif kind != TAGS:
            out.append(section(kind, data[begin:at]))
    return b"".join(out)


def shim():
    """A library that has the two functions by which Rust unwinds; both end the instance."""
    named = lambda text: encoded(len(text)) + text.encode()  # noqa: E731
    listed = lambda *items: encoded(len(items)) + b"".join(items)  # noqa: E731
    exports = listed(named("_Unwind_DeleteException") + b"\0\0", named("_Unwind_RaiseException") + b"\0\1")
    return b"\0asm\1\0\0\0" + b"".join([
        section(CUSTOM, named("dylink.0") + b"\1\4\0\0\0\0"),
        section(TYPES, listed(b"\x60\1\x7f\0", b"\x60\1\x7f\1\x7f")),
        section(FUNCTIONS, listed(b"\0", b"\1")),
        section(EXPORTS, exports),
        section(CODE, listed(b"\3\0\0\x0b", b"\3\0\0\x0b")),
    ])


def fit(folder):
    """Makes the machine code in a folder fit, and returns how many files that were."""
    files = sorted(folder.rglob(f"*{ENDING}"))
    for file in files:
        file.with_name(file.name.removesuffix(ENDING) + OURS).write_bytes(without_exceptions(file.read_bytes()))
        file.unlink()
    if files:
        (folder / SHIM).write_bytes(shim())
    return len(files)
