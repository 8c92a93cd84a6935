"""Checks what guest-tools/python_native.py makes of code that throws and catches."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "guest-tools"))
sys.dont_write_bytecode = True
import python_native as native  # noqa: E402

VOID = b"\x40"
NO_LOCALS = b"\0"


def made(code):
    return native.without_handlers(NO_LOCALS + code, 0, len(code) + 1).removeprefix(NO_LOCALS)


# try (i32.const 1, drop) catch 0 (drop) catch_all (a block, rethrow) end, end
handled = b"\x06" + VOID + b"\x41\1\x1a" + b"\x07\0\x1a" + b"\x19\x02" + VOID + b"\x0b\x09\0" + b"\x0b\x0b"
assert made(handled) == b"\x02" + VOID + b"\x41\1\x1a\x0b\x0b"
# try (throw 3) delegate 0, end
assert made(b"\x06" + VOID + b"\x08\3\x18\0\x0b") == b"\x02" + VOID + b"\0\x0b\x0b"
# try (try (nop) catch_all end) catch_all (try (nop) delegate 0) end, end
inner = b"\x06" + VOID + b"\1\x19\x0b"
assert made(b"\x06" + VOID + inner + b"\x19\x06" + VOID + b"\1\x18\0\x0b\x0b") == (b"\x02" + VOID) * 2 + b"\1\x0b\x0b\x0b"
# What is about no exception stays: a loop with br_table, a load, a constant that looks like an `end`.
plain = b"\x03" + VOID + b"\x0e\1\0\0\x28\2\x0b\x44" + b"\x0b" * 8 + b"\xfc\x0a\0\0\x0b\x0b"
assert made(plain) == plain
for unknown in (b"\xff\x0b", b"\x1f" + VOID + b"\0\x0b\x0b"):
    try:
        made(unknown)
        raise SystemExit(f"{unknown} was taken")
    except native.Unfit:
        pass
# The tag that is imported goes, the function that is imported stays.
imports = b"\2" + b"\3env\1f\0\0" + b"\3env\1t\4\0\0"
module = b"\0asm\1\0\0\0" + native.section(2, imports) + native.section(13, b"\1\0\0")
assert native.without_exceptions(module) == b"\0asm\1\0\0\0" + native.section(2, b"\1\3env\1f\0\0")
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder)
    (path / f"a{native.ENDING}").write_bytes(module)
    assert native.fit(path) == 1
    assert sorted(file.name for file in path.iterdir()) == [f"a{native.OURS}", native.SHIM]
