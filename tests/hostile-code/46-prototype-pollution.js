const broken = () => { throw new Error("polluted"); };
for (const prototype of [Object.prototype, Array.prototype, String.prototype, Map.prototype, Promise.prototype, Function.prototype]) {
  for (const name of Object.getOwnPropertyNames(prototype)) if (name !== "constructor") try { Object.defineProperty(prototype, name, { value: broken, configurable: true, writable: true }); } catch { }
}
Object.prototype.toJSON = broken;
JSON.stringify = JSON.parse = broken;
7
