const text = "It was the best of times, it was the worst of times; it was the age of wisdom… It's a don't-care.";
const words = text.toLowerCase().match(/[\p{L}']+/gu);
const counts = words.reduce((all, word) => all.set(word, (all.get(word) ?? 0) + 1), new Map());
[...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 6);
