const flatten = (value, prefix = "") => Object.entries(value).reduce((all, [key, one]) => (one && typeof one === "object" && !Array.isArray(one) ? { ...all, ...flatten(one, `${prefix}${key}.`) } : { ...all, [prefix + key]: one }), {});
const unflatten = (flat) => { const out = {}; for (const [path, value] of Object.entries(flat)) { const keys = path.split("."), last = keys.pop(); keys.reduce((at, key) => (at[key] ??= {}), out)[last] = value; } return out; };
const omit = (object, ...keys) => Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
const source = { id: 1, user: { name: "Ada", address: { city: "London", zip: null } }, tags: ["x"] };
[flatten(source), JSON.stringify(unflatten(flatten(source))) === JSON.stringify(source), omit(source, "user", "tags"), JSON.stringify({ a: undefined, b: () => 1, c: NaN, d: new Date(0), e: [undefined] })];
