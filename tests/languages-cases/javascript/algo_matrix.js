const multiply = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
const transpose = (m) => m[0].map((_, j) => m.map((row) => row[j]));
const power = (m, n) => (n === 1 ? m : n % 2 ? multiply(m, power(m, n - 1)) : power(multiply(m, m), n / 2));
const determinant = (m) => (m.length === 1 ? m[0][0] : m[0].reduce((sum, value, j) => sum + (j % 2 ? -1 : 1) * value * determinant(m.slice(1).map((row) => row.toSpliced(j, 1))), 0));
[multiply([[1, 2], [3, 4]], [[5, 6], [7, 8]]), transpose([[1, 2, 3], [4, 5, 6]]), power([[1, 1], [1, 0]], 30)[0][1], determinant([[2, 0, 1], [1, 3, 2], [1, 1, 4]])];
