const base = { a: 1, nested: { x: 1 } };
const merged = { ...base, b: 2, nested: { ...base.nested, y: 2 } };
const key = "dynamic";
return [merged, { [key + 1]: true, short: base.a }, [...new Set([3, 1, 3])], Math.max(...[1, 5, 2])];
