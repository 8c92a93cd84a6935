data = "naïve ✓".encode("utf-8")
result = [len(data), data[:3].decode("latin-1"), data.decode(), bytes([1, 2]).hex(), int.from_bytes(b"\x01\x00", "big")]
