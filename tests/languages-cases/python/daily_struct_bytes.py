import struct, array
print(struct.pack("<IhbQ?f", 1, -2, 3, 2**40, True, 1.5), struct.unpack(">HBx2s", b"\x01\x02\x03\x00ab"), struct.calcsize("<IhbQ?f"), struct.calcsize("!4sI"))
print(list(struct.iter_unpack("<H", b"\x01\x00\x02\x00")), struct.unpack_from("<I", b"\0\0\x05\0\0\0", 2))
for bad in (lambda: struct.pack("<B", 256), lambda: struct.unpack("<I", b"abc"), lambda: struct.pack("<I", "a"), lambda: struct.pack("z", 1), lambda: struct.pack("<H", -1)):
    try:
        print(bad())
    except struct.error as error:
        print(error)
a = array.array("d", [1.5, 2]); a.append(3); print(a, a.tobytes()[:8], a.itemsize, array.array("B", b"abc").tolist(), array.array("q").itemsize, array.array("i", [1, 2, 3])[::-1])
b = bytearray(b"hello"); b[1:3] = b"EY"; b += b"!"; print(b, b.find(b"l"), b.hex(":"), bytes(b).translate(bytes.maketrans(b"l", b"L")))
m = memoryview(b); m[0] = 72; print(bytes(m[:3]), m.nbytes, m.format, m.cast("B").tolist()[:2])
try:
    b.append(1)
except BufferError as e:
    print(e)
print(b"a,b,,c".split(b","), b"abc".rjust(5, b"*"), b"%d-%s" % (5, b"x"), b"\xff\x00\t'".__repr__(), b"abc"[0], b"abc" < b"abd", b"x" in b"xyz", bytes(3), b"caf\xc3\xa9".decode(), "é".encode("latin-1"), "日本".encode("utf-16-le"))
for bad in (lambda: b"\xff".decode(), lambda: "é".encode("ascii"), lambda: b"a" + "b", lambda: b"\xc3".decode("utf-8", "strict"), lambda: "\ud800".encode(), lambda: "x".encode("nope")):
    try:
        print(bad())
    except Exception as error:
        print(type(error).__name__, error)
print([b"\xff\xfea".decode("utf-8", "replace"), b"\xff".decode("utf-8", "backslashreplace"), "aé".encode("ascii", "xmlcharrefreplace"), "é☃".encode("ascii", "namereplace"), b"a\xff".decode("utf-8", "surrogateescape").encode("utf-8", "surrogateescape") == b"a\xff"])
