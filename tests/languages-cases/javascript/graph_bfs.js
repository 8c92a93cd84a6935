const graph = { a: ["b", "c"], b: ["d"], c: ["d"], d: [] };
function path(from, to) {
  const queue = [[from]], seen = new Set([from]);
  while (queue.length) {
    const at = queue.shift(), end = at.at(-1);
    if (end === to) return at;
    for (const next of graph[end]) if (!seen.has(next)) { seen.add(next); queue.push([...at, next]); }
  }
}
return path("a", "d");
