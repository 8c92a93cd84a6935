const assert = require("node:assert/strict");
await assert.rejects(async () => { throw new RangeError("too big"); }, { name: "RangeError", message: /big/ });
await assert.doesNotReject(Promise.resolve(1));
const missing = await assert.rejects(async () => 1).catch((error) => error.message);
let detail;
try { assert.equal(1, "1"); } catch (error) { detail = { actual: error.actual, expected: error.expected, generated: error.generatedMessage, isAssertion: error instanceof assert.AssertionError }; }
return { missing, detail };
