const o = { a: 1, b: 2 };
const frozen = Object.freeze({ x: 1 });
frozen.x = 2;
return [Object.keys(o), Object.values(o), Object.entries(o), Object.assign({}, o, { c: 3 }), frozen.x, Object.hasOwn(o, "a"), "b" in o, delete o.a && o];
