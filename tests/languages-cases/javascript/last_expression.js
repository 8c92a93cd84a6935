const values = [1, 2, 3];
const total = values.reduce((a, b) => a + b, 0);
({ total, mean: total / values.length });
