from fractions import Fraction as F
from math import gcd, lcm


def solve(matrix):
    rows = [[F(value) for value in row] for row in matrix]
    size = len(rows)
    for column in range(size):
        pivot = next((row for row in range(column, size) if rows[row][column]), None)
        if pivot is None:
            raise ArithmeticError("the matrix is singular")
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for other in range(size):
            if other != column and rows[other][column]:
                factor = rows[other][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column])]
    return [row[-1] for row in rows]


answer = solve([[2, 1, -1, 8], [-3, -1, 2, -11], [-2, 1, 2, -3]])
print(*answer)
odd = solve([[3, 1, 1], [1, 7, "2/3"]])
print(*odd, [f"{value:.4f}" for value in odd], [value.limit_denominator(10) for value in (F("0.3333"), F(3.141592))])
try:
    solve([[1, 2, 3], [2, 4, 6]])
except ArithmeticError as error:
    print(error)
[str(sum(odd)), lcm(*(value.denominator for value in odd)), gcd(84, 36, 120), F(7, 3).as_integer_ratio(), divmod(F(7, 2), F(2, 3))[0], str(F("1e-3"))]
