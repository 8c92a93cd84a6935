from decimal import ROUND_HALF_UP, Decimal
parts = {"a": 1, "b": 1, "c": 1}
total = sum(parts.values())
exact = {key: Decimal(value) * 100 / total for key, value in parts.items()}
rounded = {key: value.quantize(Decimal("0.1"), ROUND_HALF_UP) for key, value in exact.items()}
largest = max(exact, key=lambda key: exact[key] - rounded[key])
rounded[largest] += Decimal(100) - sum(rounded.values())
[{key: str(value) for key, value in rounded.items()}, str(sum(rounded.values()))]
