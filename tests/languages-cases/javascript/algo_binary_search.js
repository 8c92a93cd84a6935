const lower = (items, wanted, of = (x) => x) => { let [low, high] = [0, items.length]; while (low < high) { const middle = (low + high) >>> 1; if (of(items[middle]) < wanted) low = middle + 1; else high = middle; } return low; };
const steps = [{ from: 0, rate: 0.1 }, { from: 1000, rate: 0.2 }, { from: 5000, rate: 0.3 }];
const rate = (amount) => steps[lower(steps, amount + 1, (step) => step.from) - 1].rate;
[lower([1, 3, 5, 5, 9], 5), lower([1, 3], 10), lower([], 1), [0, 999, 1000, 4999, 5000].map(rate)];
