const graph = { a: { b: 7, c: 9, f: 14 }, b: { a: 7, c: 10, d: 15 }, c: { a: 9, b: 10, d: 11, f: 2 }, d: { b: 15, c: 11, e: 6 }, e: { d: 6, f: 9 }, f: { a: 14, c: 2, e: 9 } };
const shortest = (from, to) => {
  const far = { [from]: 0 }, via = {}, open = new Set(Object.keys(graph));
  while (open.size) {
    const at = [...open].reduce((best, node) => ((far[node] ?? Infinity) < (far[best] ?? Infinity) ? node : best));
    open.delete(at);
    if (at === to) break;
    for (const [next, cost] of Object.entries(graph[at])) if (far[at] + cost < (far[next] ?? Infinity)) [far[next], via[next]] = [far[at] + cost, at];
  }
  const path = [to];
  while (path[0] !== from) path.unshift(via[path[0]]);
  return { cost: far[to], path: path.join(">") };
};
shortest("a", "e");
