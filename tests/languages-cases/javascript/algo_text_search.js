// A tiny search engine: stemming, an inverted index, BM25 and snippets.
const documents = {
  "rust.md": "Rust is a systems language. Ownership makes memory safe without a garbage collector.",
  "go.md": "Go is a language with goroutines; its garbage collector is concurrent, and its compiler is fast.",
  "js.md": "JavaScript runs everywhere. Its engines compile code just in time, and collect garbage.",
  "cook.md": "Boil the pasta, then collect the water. Memory of good food lasts.",
};
const STOP = new Set("a is the its and in of with then".split(" "));
const stem = (word) => word.replace(/(?:ing|ers?|ors?|ed|es|s)$/, (end) => (word.length - end.length > 2 ? "" : end)).replace(/e$/, "");
const tokens = (text) => Array.from(text.toLowerCase().matchAll(/\p{L}+/gu), ({ 0: word, index }) => ({ term: stem(word), index, length: word.length })).filter(({ term }) => !STOP.has(term));
const index = new Map(), lengths = {};
for (const [name, text] of Object.entries(documents)) {
  const found = tokens(text);
  lengths[name] = found.length;
  for (const { term, index: at, length } of found) {
    if (!index.has(term)) index.set(term, new Map());
    const postings = index.get(term);
    postings.set(name, [...(postings.get(name) ?? []), [at, length]]);
  }
}
const count = Object.keys(documents).length, average = Object.values(lengths).reduce((a, b) => a + b) / count;
const search = (query, { k = 1.2, b = 0.75, limit = 3 } = {}) => {
  const scores = {}, hits = {};
  for (const { term } of tokens(query)) {
    const postings = index.get(term) ?? new Map();
    const idf = Math.log(1 + (count - postings.size + 0.5) / (postings.size + 0.5));
    for (const [name, places] of postings) {
      scores[name] = (scores[name] ?? 0) + (idf * places.length * (k + 1)) / (places.length + k * (1 - b + (b * lengths[name]) / average));
      (hits[name] ??= []).push(...places);
    }
  }
  return Object.entries(scores).sort(([m, x], [n, y]) => y - x || m.localeCompare(n)).slice(0, limit).map(([name, score]) => ({ name, score: score.toFixed(4), snippet: snippet(documents[name], hits[name]) }));
};
const snippet = (text, places) => [...places].sort(([a], [b]) => b - a).reduce((all, [at, length]) => `${all.slice(0, at)}<b>${all.slice(at, at + length)}</b>${all.slice(at + length)}`, text);
console.log(search("garbage collection"));
console.log(search("memory languages", { limit: 2 }));
console.log(index.get("garbag"), index.size);
search("nothing here").length;
