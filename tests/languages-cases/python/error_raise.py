raise ValueError("the amount is negative")
