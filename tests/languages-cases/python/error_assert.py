amount = -5
assert amount > 0, "amount must be positive"
