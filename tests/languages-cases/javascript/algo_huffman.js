const text = "abracadabra alakazam";
const counts = [...text].reduce((all, c) => ({ ...all, [c]: (all[c] ?? 0) + 1 }), {});
let nodes = Object.entries(counts).map(([symbol, weight]) => ({ symbol, weight }));
while (nodes.length > 1) { nodes.sort((a, b) => a.weight - b.weight || (a.symbol ?? "~" + a.weight).localeCompare(b.symbol ?? "~" + b.weight)); const [left, right, ...rest] = nodes; nodes = [...rest, { left, right, weight: left.weight + right.weight }]; }
const codes = {};
const walk = (node, code) => (node.symbol ? (codes[node.symbol] = code) : (walk(node.left, code + "0"), walk(node.right, code + "1")));
walk(nodes[0], "");
const bits = [...text].map((c) => codes[c]).join("");
const back = []; let code = ""; const symbols = Object.fromEntries(Object.entries(codes).map(([a, b]) => [b, a]));
for (const bit of bits) { code += bit; if (symbols[code]) { back.push(symbols[code]); code = ""; } }
[bits.length, back.join("") === text];
