const fs = require("fs");
const path = require("node:path");
const { inspect } = require("util");
const assert = require("assert");
assert.strictEqual(1, 1);
assert.deepStrictEqual({ a: [1] }, { a: [1] });
return [path.join("/a", "../b", "c.txt"), path.basename("/x/y.csv", ".csv"), path.extname("a.b.c"), path.dirname("/a/b"), inspect({ a: { b: { c: {} } } }), fs.existsSync("/no/such/file"), typeof fs.readFileSync];
