const counts = new Map();
for (const word of "the cat and the dog and the bird".split(" ")) counts.set(word, (counts.get(word) || 0) + 1);
const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, 2);
console.log(counts);
return top;
