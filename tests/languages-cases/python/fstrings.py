name, amount, when = "Ada", 1234567.891, 0.256
print(f"{name!r:>8}|{amount:,.2f}|{when:.1%}|{42:#x}|{7:03d}|{name=}")
result = f"{'left':<8}|{'mid':^7}|{'right':>8}"
