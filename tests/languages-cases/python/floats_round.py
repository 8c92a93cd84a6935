import math
result = [round(2.675, 2), 0.1 + 0.2, math.isclose(0.1 + 0.2, 0.3), math.floor(-1.5), math.sqrt(2), math.gcd(12, 18), math.comb(5, 2), round(2.5), 7 / 2]
