const distance = (a, b) => {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) { let before = row[0]++; for (let j = 1; j <= b.length; j++) { const kept = row[j]; row[j] = a[i - 1] === b[j - 1] ? before : 1 + Math.min(before, row[j], row[j - 1]); before = kept; } }
  return row[b.length];
};
const closest = (word, words) => words.toSorted((x, y) => distance(word, x) - distance(word, y))[0];
[distance("kitten", "sitting"), distance("", "abc"), closest("fethc", ["catch", "fetch", "batch"])];
