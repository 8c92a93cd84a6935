from decimal import Decimal, getcontext, ROUND_HALF_UP

getcontext().prec = 28
CENT = Decimal("0.01")


def schedule(principal, yearly, months):
    rate = Decimal(yearly) / 1200
    payment = (principal * rate / (1 - (1 + rate) ** -months)).quantize(CENT, ROUND_HALF_UP)
    left, rows = principal, []
    for month in range(1, months + 1):
        interest = (left * rate).quantize(CENT, ROUND_HALF_UP)
        part = min(payment - interest, left) if month < months else left
        left -= part
        rows.append((month, interest, part, left))
    return payment, rows


payment, rows = schedule(Decimal("10000"), "5.9", 12)
print(f"payment {payment}")
for month, interest, part, left in rows[:2] + rows[-2:]:
    print(f"{month:>3} {interest:>8} {part:>9} {left:>10}")
interest = sum(row[1] for row in rows)
principal = sum(row[2] for row in rows)
effective = ((1 + Decimal("0.059") / 12) ** 12 - 1) * 100
[str(interest), str(principal), f"{effective:.4f} %", (Decimal("NaN").is_nan(), str(Decimal("1E+3").normalize()), Decimal("-0").is_signed())]
