const { inspect, types } = require("util");
// What has become of a promise.
const failed = Promise.reject(new Error("no").message), own = Object.assign(Promise.resolve(1), { extra: 2 });
failed.catch(() => {});
class Later extends Promise {}
console.log(Promise.resolve(4), (async () => 5)(), new Promise(() => {}), failed, own, Later.resolve([Promise.resolve(3)]));
console.log([Promise.resolve({ a: { b: { c: {} } } })], { waits: new Promise(() => {}) });
// A Proxy is what it stands for, and its traps see nothing.
const trap = () => { throw new Error("a trap"); }, traps = { get: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap };
console.log(new Proxy({ a: 1, b: [1, 2] }, traps), [new Proxy(new Map([[1, 2]]), traps)], new Proxy(function foo() {}, traps), new Proxy([1, 2], traps));
console.log(inspect(new Proxy({ a: 1 }, { get() {} }), { showProxy: true }), types.isProxy(new Proxy({}, traps)), types.isProxy({}));
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
console.log(proxy);
// What was run is the main module.
if (require.main === module) console.log("main", module.id, module.filename === __filename, module.loaded, module.children, module.paths, module.exports === exports);
// Time that was waited has passed.
const began = [Date.now(), performance.now(), process.hrtime()[0], new Date().getTime()];
setTimeout(() => {
    console.log(Date.now() - began[0] >= 49, performance.now() - began[1] >= 49, process.hrtime()[0] >= began[2], new Date() - began[3] >= 49);
}, 50);
undefined;
