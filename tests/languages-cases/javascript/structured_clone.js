const original = { when: new Date(0), list: [1, { deep: true }], map: new Map([["k", new Set([1])]]) };
original.self = original;
const copy = structuredClone(original);
copy.list[1].deep = false;
return [original.list[1].deep, copy.self === copy, copy.when.getTime(), copy.map.get("k").has(1)];
