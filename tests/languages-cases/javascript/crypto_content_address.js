const { createHash } = require("crypto");
const stable = (value) => (Array.isArray(value) ? `[${value.map(stable)}]` : value && typeof value === "object" ? `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${stable(value[key])}`)}}` : JSON.stringify(value));
const id = (value) => createHash("sha256").update(stable(value)).digest("hex").slice(0, 16);
const merkle = (leaves) => (leaves.length === 1 ? leaves[0] : merkle(Array.from({ length: Math.ceil(leaves.length / 2) }, (_, at) => createHash("sha256").update(leaves[at * 2] + (leaves[at * 2 + 1] ?? leaves[at * 2])).digest("hex"))));
[id({ b: 1, a: [true, null] }) === id({ a: [true, null], b: 1 }), id({ a: 1 }), merkle(["a", "b", "c"].map((leaf) => createHash("sha256").update(leaf).digest("hex")))];
