function kind(v) {
  switch (typeof v) {
    case "number": return Number.isNaN(v) ? "nan" : "number";
    case "object": if (v === null) return "null"; if (Array.isArray(v)) return "array";
    default: return typeof v;
  }
}
let found;
outer: for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) if (i * j === 6) { found = [i, j]; break outer; }
let n = 0;
do { n++; if (n === 2) continue; } while (n < 4);
return [[1, NaN, null, [], {}, "s", undefined, () => 1].map(kind), found, n];
