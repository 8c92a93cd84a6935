const values = [3, 7, 7, 2, 9, 3, 3, 5, 1, 8, 12, 11];
const width = 4, bins = new Map();
for (const value of values) { const bin = Math.floor(value / width) * width; bins.set(bin, (bins.get(bin) ?? 0) + 1); }
for (const [bin, count] of [...bins].sort(([a], [b]) => a - b)) console.log(`${String(bin).padStart(3)}-${String(bin + width - 1).padEnd(3)} ${"#".repeat(count)} ${count}`);
Object.fromEntries(bins);
