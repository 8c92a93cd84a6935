const seen = JSON.stringify({ a: undefined, b: () => 1, c: NaN, d: new Date(0), e: [undefined], f: new Map() });
const picked = JSON.stringify({ a: 1, b: 2, c: 3 }, ["a", "c"]);
const revived = JSON.parse('{"n": "5"}', (k, v) => (k === "n" ? Number(v) : v));
return [seen, picked, revived];
