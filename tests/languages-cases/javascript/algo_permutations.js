const permutations = function* (items) { if (items.length < 2) { yield items; return; } for (let at = 0; at < items.length; at++) for (const rest of permutations(items.toSpliced(at, 1))) yield [items[at], ...rest]; };
const subsets = (items) => items.reduce((all, item) => [...all, ...all.map((set) => [...set, item])], [[]]);
[[...permutations(["a", "b", "c"])].map((one) => one.join("")), subsets([1, 2, 3]).length, subsets([1, 2, 3]).filter((set) => set.reduce((a, b) => a + b, 0) === 3)];
