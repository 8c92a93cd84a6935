from decimal import ROUND_HALF_UP, Decimal
from textwrap import shorten

CENT = Decimal("0.01")
lines = [
    {"item": "Consulting, senior engineer, on site", "hours": "12.5", "rate": "140"},
    {"item": "Travel", "hours": "1", "rate": "89.945"},
    {"item": "Support", "hours": "3.25", "rate": "95.50"},
]


def money(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


subtotal = Decimal(0)
print(f"{'Item':<24}{'Qty':>8}{'Rate':>10}{'Amount':>12}")
print("-" * 54)
for number, line in enumerate(lines, 1):
    amount = money(Decimal(line["hours"]) * Decimal(line["rate"]))
    subtotal += amount
    name = f"{number}. {line['item']}"
    print(f"{shorten(name, 23, placeholder='…'):<24}{line['hours']:>8}{Decimal(line['rate']):>10.2f}{amount:>12,.2f}")
vat = money(subtotal * Decimal("0.21"))
discount = money(subtotal * Decimal("0.025")) if subtotal > 2000 else Decimal("0.00")
total = subtotal + vat - discount
for label, value in (("Subtotal", subtotal), ("VAT 21 %", vat), ("Discount", -discount), ("Total", total)):
    print(f"{label:>42}{value:>12,.2f}")
{"total": str(total), "cents": int(total * 100), "exact": total.as_tuple().exponent}
