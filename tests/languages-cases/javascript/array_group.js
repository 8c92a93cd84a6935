const rows = [{ t: "a", n: 1 }, { t: "b", n: 2 }, { t: "a", n: 3 }];
const grouped = {};
rows.forEach(({ t, n }) => { (grouped[t] ||= []).push(n); });
return [grouped, rows.some((r) => r.n > 2), rows.every((r) => r.n > 0), rows.findIndex((r) => r.t === "b"), rows.map((r) => r.n).join("-"), [1, 2, 3, 4].copyWithin(0, 2), [..."ab"].entries().next().value];
