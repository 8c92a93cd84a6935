from decimal import Decimal, ROUND_HALF_EVEN, ROUND_DOWN
def split(total, parts):
    cents = int(Decimal(total) * 100); q, r = divmod(cents, parts)
    return [Decimal(q + (i < r)) / 100 for i in range(parts)]
print(split("100.00", 3), sum(split("0.05", 3)), [f"{x:.2f}" for x in split("10", 4)])
rates = {"std": Decimal("0.19"), "red": Decimal("0.07")}
lines = [("Book", 2, Decimal("19.99"), "red"), ("Pen", 10, Decimal("0.333"), "std")]
net = sum(q * p for _, q, p, _ in lines); tax = sum((q * p * rates[r]).quantize(Decimal(".01"), ROUND_HALF_EVEN) for _, q, p, r in lines)
print(net, tax, (net + tax).quantize(Decimal("0.1"), ROUND_DOWN), f"{net + tax:>12,.2f}€", net.normalize(), Decimal("1.20") + 0, Decimal(5) ** -2, Decimal("7") // 2, -Decimal("7") % 3)
