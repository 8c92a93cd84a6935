const original = { date: new Date(0), map: new Map([["k", { n: 1 }]]), set: new Set([1, [2]]), bytes: new Uint8Array([1, 2]), regex: /a/gi, nested: [undefined, null, 1n], error: new RangeError("r") };
original.self = original;
const copy = structuredClone(original);
copy.map.get("k").n = 2;
const refused = [() => 1, Symbol("s"), new WeakMap(), Promise.resolve()].map((value) => { try { return structuredClone(value); } catch (error) { return [error.name, error.code]; } });
const buffer = new ArrayBuffer(4), views = structuredClone({ a: new Uint8Array(buffer, 1, 2), b: new Uint16Array(buffer) });
views.a[0] = 255;
[copy.self === copy, original.map.get("k").n, copy.date.getTime(), [...copy.set].length, copy.regex.flags, copy.error instanceof RangeError, copy.nested.length, views.b[0], refused];
