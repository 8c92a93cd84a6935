const sales = [["2026-01-03", 5], ["2026-01-20", 7], ["2026-02-01", 1]];
const months = sales.reduce((m, [d, n]) => m.set(d.slice(0, 7), (m.get(d.slice(0, 7)) ?? 0) + n), new Map());
return Object.fromEntries(months);
