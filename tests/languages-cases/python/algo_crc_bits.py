def crc16(data: bytes, poly=0x1021, start=0xFFFF) -> int:
    crc = start
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ poly) & 0xFFFF if crc & 0x8000 else crc << 1 & 0xFFFF
    return crc


def gray(n):
    return n ^ n >> 1


def base(number, radix, digits="0123456789abcdefghijklmnopqrstuvwxyz"):
    if number < 0:
        return "-" + base(-number, radix)
    head, last = divmod(number, radix)
    return (base(head, radix) if head else "") + digits[last]


def popcounts(values):
    return [value.bit_count() for value in values]


print(f"{crc16(b'123456789'):#06x}", [f"{gray(n):03b}" for n in range(8)])
print(base(255, 16), base(-12345, 36), int("9ix", 36), 0b1011_0001, 0o17, 0xFF_FF)
flags = 0
for bit in (1, 4, 7):
    flags |= 1 << bit
flags &= ~(1 << 4)
print(f"{flags:08b}", flags.bit_length(), popcounts([0, 255, 2**70 - 1]), -7 // 2, -7 % 3, -7 >> 1, ~5)
words = [(1 << 63).to_bytes(8, "little").hex(" ", 2), int.from_bytes(b"\xff\xfe", signed=True), (300).to_bytes(2).hex()]
try:
    (256).to_bytes(1)
except OverflowError as error:
    print(error)
[words, pow(3, -1, 11), pow(7, 10**6, 1009), divmod(-17, 5), round(12345, -2), (-8) ** (1 / 3) == pow(-8, 1 / 3)]
