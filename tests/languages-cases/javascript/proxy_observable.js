// Deep observation, validation, negative indexes, lazy defaults and revocable access with Proxy and Reflect.
const observe = (target, onChange, path = []) => new Proxy(target, {
  get(object, key, receiver) {
    const value = Reflect.get(object, key, receiver);
    return typeof value === "object" && value !== null && typeof key === "string" ? observe(value, onChange, [...path, key]) : value;
  },
  set(object, key, value, receiver) {
    const before = object[key];
    const done = Reflect.set(object, key, value, receiver);
    if (!Object.is(before, value)) onChange({ path: [...path, key].join("."), before, after: value });
    return done;
  },
  deleteProperty(object, key) {
    onChange({ path: [...path, key].join("."), deleted: object[key] });
    return Reflect.deleteProperty(object, key);
  },
});
const changes = [];
const state = observe({ user: { name: "Ada", tags: ["x"] }, count: 0 }, (change) => changes.push(change));
state.count += 1;
state.user.name = "Grace";
state.user.tags.push("y");
state.user.name = "Grace";
delete state.user.tags;
console.log(changes);
const typed = (shape) => new Proxy({}, {
  set(object, key, value) {
    if (!(key in shape)) throw new ReferenceError(`no field ${String(key)}`);
    if (typeof value !== shape[key]) throw new TypeError(`${key} takes a ${shape[key]}, not ${value === null ? "null" : typeof value}`);
    return Reflect.set(object, key, value);
  },
  has: (object, key) => key in shape,
  ownKeys: () => Reflect.ownKeys(shape),
  getOwnPropertyDescriptor: (object, key) => ({ value: object[key], enumerable: true, configurable: true }),
});
const person = typed({ name: "string", age: "number" });
person.name = "Alan";
for (const [key, value] of [["age", "41"], ["size", 3]]) try { person[key] = value; } catch (error) { console.log(`${error.name}: ${error.message}`); }
console.log("age" in person, Object.keys(person), { ...person }, JSON.stringify(person));
const python = (list) => new Proxy(list, { get: (target, key, receiver) => Reflect.get(target, typeof key === "string" && /^-\d+$/.test(key) ? target.length + Number(key) : key, receiver) });
console.log(python([1, 2, 3])[-1], python("abc".split("")).slice(-2), Array.isArray(python([])));
const counts = new Proxy({}, { get: (target, key) => (key in target ? target[key] : 0) });
for (const letter of "mississippi") counts[letter]++;
console.log({ ...counts });
const { proxy, revoke } = Proxy.revocable(() => "called", { apply: (target, self, values) => `${target()} with ${values.join()}`, construct: (_, [value]) => ({ value }) });
console.log(proxy(1, 2), new (Proxy.revocable(function () {}, { construct: (_, [value]) => ({ value }) }).proxy)(5));
revoke();
try { proxy(); } catch (error) { console.log(error.name); }
console.log(Reflect.ownKeys({ b: 1, 2: 1, a: 1, 1: 1, [Symbol.iterator]: 1 }), Reflect.has({ x: 1 }, "x"), Reflect.construct(Date, [0]).getTime(), Reflect.apply(Math.max, null, [1, 3]));
return changes.length;
