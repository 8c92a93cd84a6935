const assert = require("assert");
const attempts = [
  () => assert.strictEqual(1, 2), () => assert.deepStrictEqual({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), () => assert.deepStrictEqual(new Map([["a", new Set([1])]]), new Map([["a", new Set([2])]])),
  () => assert.deepEqual([1, "2"], ["1", 2]), () => assert(0, "zero is falsy"), () => assert.throws(() => { throw new TypeError("bad"); }, TypeError), () => assert.throws(() => {}), () => assert.match("abc", /x/),
  () => assert.notStrictEqual(1, 1), () => assert.deepStrictEqual([NaN, new Date(0)], [NaN, new Date(0)]), () => assert.doesNotThrow(() => 1), () => assert.fail("stop"), () => assert.deepStrictEqual({ a: 1 }, { a: "1" }),
];
attempts.map((attempt) => { try { attempt(); return "ok"; } catch (error) { return [error.name, error.code, error.operator]; } });
