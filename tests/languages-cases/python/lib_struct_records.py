import array
import io
import struct
import sys
from collections import namedtuple

Header = namedtuple("Header", "magic version flags count")
HEADER = struct.Struct("<4sBBH")
RECORD = struct.Struct("<I10sdq?3x")


def write(records):
    out = io.BytesIO()
    out.write(HEADER.pack(b"RECS", 2, 0b101, len(records)))
    for number, name, value, change, active in records:
        out.write(RECORD.pack(number, name.encode()[:10], value, change, active))
    return out.getvalue()


def read(data):
    header = Header._make(HEADER.unpack_from(data))
    if header.magic != b"RECS":
        raise ValueError(f"bad magic {header.magic!r}")
    body = memoryview(data)[HEADER.size:]
    for number, name, value, change, active in RECORD.iter_unpack(body):
        yield number, name.rstrip(b"\0").decode(), value, change, active


records = [(1, "alpha", 1.5, -1, True), (2**32 - 1, "a name too long", float("inf"), 2**62, False)]
data = write(records)
print(len(data), data[:12].hex(" "), list(read(data)))
errors = []
for action in (lambda: RECORD.pack(-1, b"", 0, 0, 0), lambda: HEADER.unpack(b"abc"), lambda: list(read(b"XXXX" + data[4:])), lambda: list(read(data[:-1])), lambda: struct.pack("<h", 40000)):
    try:
        action()
    except (struct.error, ValueError) as error:
        errors.append(type(error).__name__)
numbers = array.array("d", [1.0, 2.5])
numbers.extend([3.25])
numbers.byteswap()
numbers.byteswap()
view = memoryview(bytearray(b"abcdef"))
view[1:3] = b"XY"
print(numbers.tolist(), numbers.itemsize, bytes(view[::-2]), struct.unpack(">e", struct.pack(">e", 0.333))[0])
[errors, RECORD.size, struct.calcsize("bi"), struct.calcsize("=bi"), sys.byteorder, view.cast("B", [2, 3]).tolist(), struct.pack("3p", b"ab").hex()]
