rows = [("Widget", 3, 4.5), ("Gadget, large", 12, 0.333), ("Thing", 1, 1234.5)]
print(f"{'item':<14}|{'n':>4}|{'price':>12}")
print("-" * 14 + "+" + "-" * 4 + "+" + "-" * 12)
for name, count, price in rows:
    print(f"{name:<14}|{count:>4}|{price:>12,.2f}")
total = sum(count * price for _, count, price in rows)
print(f"{'total':<14}|{'':>4}|{total:>12,.2f}")
round(total, 3)
