const util = require("util");
console.log(util.format("%s has %d items, %i%% done, %j", "cart", 3, 45.9, { ok: true }), util.format("extra", 1, [2]));
console.log(util.inspect({ a: { b: { c: { d: 1 } } } }, { depth: null, compact: false }));
console.log(util.inspect({ z: 1, a: [3, 1, 2] }, { sorted: true, breakLength: Infinity }));
console.log("%o is %s", [1].length, null, undefined, Symbol("s"), 10n);
[util.isDeepStrictEqual({ a: [1, { b: new Date(0) }] }, { a: [1, { b: new Date(0) }] }), util.types.isRegExp(/x/), util.inspect("it's"), util.inspect(new Map([[{ a: 1 }, new Set([[]])]]))];
