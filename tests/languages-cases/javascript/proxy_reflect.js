const log = [];
const p = new Proxy({ a: 1 }, {
  get(t, k, r) { log.push(`get ${String(k)}`); return Reflect.get(t, k, r) ?? 42; },
  has: (t, k) => k === "magic" || k in t,
});
return [p.a, p.missing, "magic" in p, log];
