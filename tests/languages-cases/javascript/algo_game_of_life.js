let alive = new Set(["1,0", "2,1", "0,2", "1,2", "2,2"]);
const step = (alive) => {
  const near = new Map();
  for (const cell of alive) { const [x, y] = cell.split(",").map(Number); for (let dx = -1; dx <= 1; dx++) for (let dy = -1; dy <= 1; dy++) if (dx || dy) { const key = `${x + dx},${y + dy}`; near.set(key, (near.get(key) ?? 0) + 1); } }
  return new Set([...near].filter(([cell, count]) => count === 3 || (count === 2 && alive.has(cell))).map(([cell]) => cell));
};
for (let turn = 0; turn < 8; turn++) alive = step(alive);
[...alive].sort();
