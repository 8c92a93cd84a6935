const values = input.readings.map((value, at) => ({ at, value })).filter(({ value }) => value !== null);
const median = (numbers) => { const sorted = numbers.toSorted((a, b) => a - b), half = sorted.length >> 1; return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2; };
const middle = median(values.map(({ value }) => value)), spread = median(values.map(({ value }) => Math.abs(value - middle)));
const outliers = values.filter(({ value }) => Math.abs(value - middle) > 5 * spread);
const smooth = values.filter((one) => !outliers.includes(one)).map(({ value }, at, all) => { const near = all.slice(Math.max(0, at - 1), at + 2); return Number((near.reduce((sum, one) => sum + one.value, 0) / near.length).toFixed(3)); });
({ middle, outliers, smooth });
