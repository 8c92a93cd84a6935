from decimal import Decimal
lines = [("book", "12.50", "0.10"), ("pen", "1.19", "0.21"), ("mug", "8.00", "0.21")]
by_rate = {}
for name, price, rate in lines:
    by_rate.setdefault(rate, []).append(Decimal(price))
result = {rate: [str(sum(prices)), str(round(sum(prices) * Decimal(rate), 2))] for rate, prices in sorted(by_rate.items())}
