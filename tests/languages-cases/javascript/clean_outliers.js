// Winsorize a sensor series, fill the gaps by interpolation and report what changed.
const readings = [21.4, 21.6, null, null, 22.1, 85.0, 21.9, undefined, 22.4, -40, 22.8, NaN, 23.1];
const present = readings.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
const quantile = (sorted, q) => {
  const position = (sorted.length - 1) * q, base = Math.floor(position);
  return sorted[base] + (sorted[base + 1] !== undefined ? (position - base) * (sorted[base + 1] - sorted[base]) : 0);
};
const [q1, q3] = [0.25, 0.75].map((q) => quantile(present, q));
const iqr = q3 - q1, low = q1 - 1.5 * iqr, high = q3 + 1.5 * iqr;
const changes = [];
const clipped = readings.map((value, i) => {
  if (!Number.isFinite(value)) return null;
  const kept = Math.min(Math.max(value, low), high);
  if (kept !== value) changes.push({ i, from: value, to: +kept.toFixed(3), why: "outlier" });
  return kept;
});
const filled = clipped.map((value, i) => {
  if (value !== null) return value;
  const before = clipped.findLastIndex((v, at) => at < i && v !== null);
  const after = clipped.findIndex((v, at) => at > i && v !== null);
  const result = clipped[before] + ((clipped[after] - clipped[before]) * (i - before)) / (after - before);
  changes.push({ i, from: readings[i], to: Number(result.toFixed(3)), why: "gap" });
  return result;
});
changes.sort((a, b) => a.i - b.i);
for (const { i, from, to, why } of changes) console.log(`${String(i).padStart(2)}  ${String(from).padEnd(9)} -> ${to.toFixed(3).padStart(7)}  (${why})`);
console.log({ q1, q3, low: +low.toFixed(4), high: +high.toFixed(4) });
console.log(changes);
filled.map((value) => Math.round(value * 100) / 100);
