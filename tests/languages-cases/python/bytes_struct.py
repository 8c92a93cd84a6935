import struct
packed = struct.pack(">IhB", 4000000000, -2, 255)
result = [packed.hex(), list(struct.unpack(">IhB", packed)), len(packed)]
