const times = [120, 80, 95, 300, 110, 87, 92, 105, 99, 1000];
const sorted = times.toSorted((a, b) => a - b);
const percentile = (p) => { const at = (sorted.length - 1) * p, low = Math.floor(at); return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low); };
const mean = times.reduce((a, b) => a + b) / times.length;
const deviation = Math.sqrt(times.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (times.length - 1));
({ p50: percentile(0.5), p90: percentile(0.9), p99: Number(percentile(0.99).toFixed(3)), mean, deviation: Number(deviation.toFixed(6)) });
