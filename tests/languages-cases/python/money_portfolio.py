from collections import deque
from decimal import Decimal as D

trades = [("buy", 10, "100.00"), ("buy", 5, "110.50"), ("sell", 8, "120.00"), ("buy", 3, "95.25"), ("sell", 9, "99.99")]
lots, realized = deque(), D(0)
for kind, count, price in trades:
    price = D(price)
    if kind == "buy":
        lots.append([count, price])
        continue
    left = count
    while left:
        lot = lots[0]
        taken = min(left, lot[0])
        gain = taken * (price - lot[1])
        realized += gain
        print(f"sold {taken} of {lot[1]} at {price}: {gain:+}")
        left -= taken
        lot[0] -= taken
        if not lot[0]:
            lots.popleft()
held = sum(count for count, _ in lots)
cost = sum(count * price for count, price in lots)
average = (cost / held).quantize(D("0.0001"))
{"realized": str(realized), "held": held, "cost": str(cost), "average": str(average), "return": f"{realized / cost:.3%}"}
