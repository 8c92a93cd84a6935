import binascii
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data))


def png(width, height, pixel):
    raw = b"".join(b"\0" + bytes(c for x in range(width) for c in pixel(x, y)) for y in range(height))
    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def read(data):
    if not data.startswith(SIGNATURE):
        raise ValueError("not a PNG")
    position, out = len(SIGNATURE), {}
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        body = memoryview(data)[position + 8:position + 8 + length]
        (crc,) = struct.unpack_from(">I", data, position + 8 + length)
        assert crc == zlib.crc32(body, zlib.crc32(kind)), kind
        out[kind.decode()] = bytes(body)
        position += 12 + length
    return out


image = png(4, 3, lambda x, y: (x * 60, y * 100, 255))
parts = read(image)
width, height, depth, *_ = struct.unpack(">2I5B", parts["IHDR"])
pixels = zlib.decompress(parts["IDAT"])
row = pixels[1 + 3 * width:][1:][:6]
try:
    read(b"GIF89a")
except ValueError as error:
    print(error)
[list(parts), width, height, depth, len(pixels), list(row), struct.calcsize("<BhiQ"), struct.unpack("<hf", b"\xff\xff\0\0\x80\x3f")]
