def roman(n):
    out = ""
    for v, s in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")):
        q, n = divmod(n, v); out += s * q
    return out
def to_base(n, b):
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"; out = ""
    while n: n, r = divmod(n, b); out = digits[r] + out
    return out or "0"
[roman(n) for n in (1994, 2024, 49)], [to_base(255, b) for b in (2, 7, 16, 36)], int(to_base(98765, 31), 31)
