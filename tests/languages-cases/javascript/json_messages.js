const said = (action) => { try { return action(); } catch (error) { return `${error.name}: ${error.message}`; } };
const texts = ["<html>", "", "  ", "not json", "undefined", "[object Object]", "NaN", "{'a':1}", "{a:1}", '{"a":1,}', "[1,]", "[,]", "[1 2]", "[1", "{", '{"a"', '{"a":1', '{"a" 1}', '{"a":1 "b":2}', '{"a":1,"b" 2}', '{"a":1} x', "1 2", "01", "-", "-x", "1.", "1e", "tru", "trx",
    '"abc', '"a\nb"', '"\\x"', '"\\', '"\\u00g"', '"\\u0', '{"name": "a long text", "values": [1, 2, x, 4, 5, 6, 7]}', '{"name": oops, "values": [1, 2, 3, 4, 5, 6, 7]}', '{"name": "a long text", "values": [1, 2, 3, 4, 5, y]', "Here is the JSON: {}"];
for (const text of texts) console.log(JSON.stringify(text), said(() => JSON.parse(text)));
// What is wrong elsewhere is said as it was thrown.
console.log(said(() => JSON.parse("[1]", () => { throw new SyntaxError("of the reviver"); })), said(() => JSON.parse()), JSON.parse("[1,2]", (key, value) => (Array.isArray(value) ? value : value + key)), JSON.parse(1), JSON.parse({ toString: () => "[3]" }));
class Node { }
const self = { a: 1 }, deep = { b: { c: {} } }, list = [], longer = { b: { c: [{ x: { y: { z: {} } } }] } }, node = new Node();
self.self = self;
deep.b.c.d = deep;
list.push([list]);
longer.b.c[0].x.y.z.d = longer;
node["a b"] = { 1: node };
for (const one of [self, deep, list, longer, { node }, [[self]]]) console.log(said(() => JSON.stringify(one)));
console.log(said(() => JSON.stringify(self, (key, value) => value)), said(() => JSON.stringify(self, ["a"])), said(() => JSON.stringify({ toJSON() { throw new TypeError("own"); } })), said(() => JSON.stringify({ a: 1n })));
console.log("%j", self, require("util").format("%j", { a: 1 }), JSON.stringify(require("util").format()));
console.log(["%", "%E0%A4%A"].map((text) => said(() => decodeURIComponent(text))), said(() => decodeURI("%")), said(() => encodeURIComponent("\ud800")), decodeURIComponent("%C3%A9"), encodeURI("é b"));
const any = (...values) => Promise.any(values).catch((error) => [error.name, error.message, error.errors]);
(async () => { console.log(await any(Promise.reject(1), Promise.reject(2)), await any(), await any(Promise.reject(1), 7), await Promise.any(new Set([3]))); })();
