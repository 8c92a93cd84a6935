// k-means with a seeded generator, so that every run is the same.
function* mulberry(seed) {
  for (;;) {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    yield ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}
const chance = mulberry(42);
const next = () => chance.next().value;
const normal = () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
const centers = [[0, 0], [8, 1], [4, 9]];
const points = centers.flatMap(([x, y]) => Array.from({ length: 20 }, () => [x + normal(), y + normal()]));
const distance = (a, b) => Math.hypot(...a.map((value, i) => value - b[i]));
const mean = (list) => list[0].map((_, i) => list.reduce((sum, point) => sum + point[i], 0) / list.length);
let means = [points[0], points[25], points[50]], assigned, rounds = 0;
do {
  const before = assigned;
  assigned = points.map((point) => means.reduce((best, center, i) => (distance(point, center) < distance(point, means[best]) ? i : best), 0));
  means = means.map((center, i) => { const own = points.filter((_, at) => assigned[at] === i); return own.length ? mean(own) : center; });
  rounds++;
  if (before?.every((value, i) => value === assigned[i])) break;
} while (rounds < 100);
const rounded = means.map((center) => center.map((value) => +value.toFixed(3)));
console.log(rounded, `${rounds} rounds`);
const grid = Array.from({ length: 14 }, () => Array(24).fill(" "));
points.forEach(([x, y], i) => { const row = grid[Math.round(11 - y) + 1], column = Math.round((x + 3) * 1.8); if (row?.[column] !== undefined) row[column] = "abc"[assigned[i]]; });
console.log(grid.map((row) => row.join("").trimEnd()).join("\n"));
const sizes = assigned.reduce((all, cluster) => { all[cluster]++; return all; }, new Uint8Array(3));
console.log(sizes, Math.fround(0.1), Math.clz32(1000), Math.cbrt(27), Math.log1p(1e-10), Math.sign(-3), Math.trunc(-4.7));
return Array.from(sizes);
