from fractions import Fraction
total = sum(Fraction(1, n) for n in range(1, 6))
result = [str(total), float(total), total.numerator]
