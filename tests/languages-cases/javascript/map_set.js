const m = new Map([["a", 1], ["b", { deep: true }]]);
m.set("c", [1, 2]).delete("a");
const s = new Set("hello");
console.log(m, s, new Map(), new Set());
return [m.size, [...s].join(""), [...m.keys()]];
