flags = {"r": 1 << 2, "w": 1 << 1, "x": 1}
def mode(n): return "".join(c if n & flags[c] else "-" for c in "rwx")
print([mode(int(d, 8)) for d in "754"], bin(0b1010 ^ 0b0110), f"{~0xFF & 0xFFFF:016b}", (0x1234).bit_length(), [n for n in range(1, 65) if n & (n - 1) == 0])
def gray(n): return [f"{i ^ (i >> 1):0{n}b}" for i in range(1 << n)]
def parity(n): return n.bit_count() & 1
def ip_to_int(s): return int.from_bytes(bytes(map(int, s.split("."))), "big")
print(gray(3), [parity(n) for n in (7, 8, 255)], ip_to_int("192.168.1.10"), ".".join(map(str, (3232235786).to_bytes(4, "big"))), -1 >> 5, -5 & 0xFF, 2**63 - 1 == (1 << 63) - 1, int("-0b101", 0))
