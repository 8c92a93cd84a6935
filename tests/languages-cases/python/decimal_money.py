from decimal import Decimal, ROUND_HALF_UP
prices = [Decimal("19.99"), Decimal("5.01"), Decimal("0.005")]
total = sum(prices)
result = [str(total), str(total.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)), str(Decimal(1) / Decimal(3))]
