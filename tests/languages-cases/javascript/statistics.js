const data = [2, 4, 4, 4, 5, 5, 7, 9];
const mean = data.reduce((a, b) => a + b, 0) / data.length;
const variance = data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length;
const sorted = [...data].sort((a, b) => a - b);
const median = (sorted[3] + sorted[4]) / 2;
return { mean, median, sd: Math.sqrt(variance), max: Math.max(...data) };
