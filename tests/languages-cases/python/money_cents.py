from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
prices = [Decimal("19.99"), Decimal("0.005"), Decimal("2.675")]
cent = Decimal("0.01")
[[str(price.quantize(cent, how)) for price in prices] for how in (ROUND_HALF_UP, ROUND_HALF_EVEN)]
