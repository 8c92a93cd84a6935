const events = [["u1", "2024-01"], ["u1", "2024-02"], ["u2", "2024-01"], ["u3", "2024-02"], ["u3", "2024-04"], ["u2", "2024-03"]];
const index = (month) => { const [y, m] = month.split("-").map(Number); return y * 12 + m; };
const first = new Map();
for (const [user, month] of events) if (!first.has(user) || index(month) < index(first.get(user))) first.set(user, month);
const cohorts = {};
for (const [user, month] of events) { const start = first.get(user); ((cohorts[start] ??= {})[index(month) - index(start)] ??= new Set()).add(user); }
Object.fromEntries(Object.entries(cohorts).map(([start, months]) => [start, Object.fromEntries(Object.entries(months).map(([at, users]) => [`+${at}`, users.size]))]));
