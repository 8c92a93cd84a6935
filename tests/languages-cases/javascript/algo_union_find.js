const pairs = [["a", "b"], ["c", "d"], ["b", "c"], ["e", "f"], ["g", "g"]];
const parent = {};
const find = (x) => ((parent[x] ??= x) === x ? x : (parent[x] = find(parent[x])));
for (const [a, b] of pairs) parent[find(a)] = find(b);
const groups = {};
for (const node of Object.keys(parent)) (groups[find(node)] ??= []).push(node);
Object.values(groups).map((group) => group.sort().join("")).sort();
