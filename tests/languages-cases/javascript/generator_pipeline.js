const take = function* (count, items) { if (count > 0) for (const item of items) { yield item; if (--count === 0) return; } };
const map = function* (items, action) { for (const item of items) yield action(item); };
const filter = function* (items, test) { for (const item of items) if (test(item)) yield item; };
const numbers = function* (from = 1) { for (let n = from; ; n++) yield n; };
const chunk = (items, size) => Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, at * size + size));
const zip = (...lists) => lists[0].map((_, at) => lists.map((list) => list[at]));
[[...take(4, filter(map(numbers(), (n) => n * n), (n) => n % 2))], chunk([1, 2, 3, 4, 5], 2), zip([1, 2], ["a", "b"]), Object.fromEntries(zip(["x", "y"], [1, 2]))];
