from decimal import ROUND_HALF_UP, Decimal
principal, rate, months = Decimal(1200), Decimal("0.01"), 6
cent = Decimal("0.01")
payment = (principal * rate / (1 - (1 + rate) ** -months)).quantize(cent, ROUND_HALF_UP)
left, plan = principal, []
for month in range(1, months + 1):
    interest = (left * rate).quantize(cent, ROUND_HALF_UP)
    paid = min(payment, left + interest) if month < months else left + interest
    left += interest - paid
    plan.append([month, str(paid), str(interest), str(left)])
[str(payment), plan]
