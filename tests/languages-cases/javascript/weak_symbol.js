const id = Symbol("id");
const w = new WeakMap();
const o = { [id]: 1, visible: 2 };
w.set(o, "meta");
return [Object.keys(o), w.get(o), id.description, typeof id, JSON.stringify(o)];
