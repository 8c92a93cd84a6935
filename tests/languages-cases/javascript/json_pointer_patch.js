const parsePointer = (pointer) => {
  if (pointer === "") return [];
  if (pointer[0] !== "/") throw new SyntaxError(`a pointer begins with /: ${pointer}`);
  return pointer.slice(1).split("/").map((part) => part.replace(/~([01])/g, (_, n) => "~/"[n]));
};
const at = (document, path) => path.reduce((value, key) => { if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) throw new ReferenceError(`nothing at /${path.join("/")}`); return value[key]; }, document);
const operations = {
  test(document, path, { value }) { if (JSON.stringify(at(document, path)) !== JSON.stringify(value)) throw new Error(`test failed at /${path.join("/")}`); },
  add(document, path, { value }) { const parent = at(document, path.slice(0, -1)), key = path.at(-1); if (Array.isArray(parent)) parent.splice(key === "-" ? parent.length : Number(key), 0, value); else parent[key] = value; },
  remove(document, path) { const parent = at(document, path.slice(0, -1)), key = path.at(-1), old = at(document, path); if (Array.isArray(parent)) parent.splice(key, 1); else delete parent[key]; return old; },
  replace(document, path, { value }) { at(document, path); at(document, path.slice(0, -1))[path.at(-1)] = value; },
  move(document, path, { from }) { operations.add(document, path, { value: operations.remove(document, parsePointer(from)) }); },
  copy(document, path, { from }) { operations.add(document, path, { value: structuredClone(at(document, parsePointer(from))) }); },
};
function patch(original, steps) {
  const document = structuredClone(original);
  steps.forEach((step, i) => {
    try { operations[step.op](document, parsePointer(step.path), step); } catch (cause) { throw new Error(`step ${i} (${step.op} ${step.path})`, { cause }); }
  });
  return document;
}
const original = { "a/b": 1, "m~n": [1, 2, { deep: true }], user: { name: "Ada", born: null } };
const changed = patch(original, [{ op: "test", path: "/a~1b", value: 1 }, { op: "add", path: "/m~0n/-", value: "end" }, { op: "add", path: "/m~0n/0", value: "start" }, { op: "move", from: "/user/name", path: "/name" }, { op: "copy", from: "/m~0n/3", path: "/copied" }, { op: "remove", path: "/m~0n/1" }, { op: "replace", path: "/user/born", value: 1815 }]);
console.log(JSON.stringify(changed), original.user.name);
for (const step of [{ op: "remove", path: "/nope/x" }, { op: "test", path: "/user", value: 2 }, { op: "add", path: "x" }, { op: "explode", path: "" }]) {
  try { patch(original, [step]); } catch (error) { console.log(error.message, "<-", error.cause.name, error.cause instanceof TypeError ? "" : error.cause.message); }
}
function* changes(before, after, path = "") {
  if (Object.is(before, after)) return;
  const isTree = (value) => typeof value === "object" && value !== null;
  if (!isTree(before) || !isTree(after) || Array.isArray(before) !== Array.isArray(after)) return yield { op: "replace", path, value: after };
  const escape = (key) => String(key).replaceAll("~", "~0").replaceAll("/", "~1");
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) yield { op: "remove", path: `${path}/${escape(key)}` };
  for (const key of Object.keys(after)) if (Object.hasOwn(before, key)) yield* changes(before[key], after[key], `${path}/${escape(key)}`); else yield { op: "add", path: `${path}/${escape(key)}`, value: after[key] };
}
console.dir([...changes(original, { "a/b": 2, "m~n": [1], user: { name: "Ada", born: null, admin: true } })], { depth: 5 });
console.log(JSON.stringify({ d: new Date(0), u: undefined, f() {}, n: NaN, s: Symbol("x"), nested: [undefined, () => {}], [Symbol("k")]: 1, "\u2028": "\ud800" }), JSON.stringify("x", null, 99), JSON.stringify({ a: [], b: {} }, null, "--"), JSON.stringify({ a: 1, b: { a: 2, c: 3 } }, ["b", "c"]));
return JSON.parse('{"t":"2025-01-01T00:00:00.000Z","n":"5"}', function (key, value) { return /^\d{4}-.*Z$/.test(value) ? new Date(value).getTime() : key === "n" ? Number(value) + Object.keys(this).length : value; });
