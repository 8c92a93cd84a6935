const events = [["u1", "2025-01-02"], ["u2", "2025-01-20"], ["u1", "2025-02-11"], ["u3", "2025-02-14"], ["u2", "2025-03-01"], ["u1", "2025-03-30"], ["u3", "2025-03-02"], ["u4", "2025-03-15"]];
const monthIndex = (text) => { const [year, month] = text.split("-").map(Number); return year * 12 + month - 1; };
const label = (index) => new Date(Date.UTC(Math.floor(index / 12), index % 12)).toLocaleDateString("en-US", { month: "short", year: "numeric" });
const firsts = new Map();
for (const [user, date] of events) firsts.set(user, Math.min(firsts.get(user) ?? Infinity, monthIndex(date)));
const cohorts = new Map();
for (const [user, date] of events) {
  const cohort = firsts.get(user), offset = monthIndex(date) - cohort;
  const row = cohorts.get(cohort) ?? cohorts.set(cohort, []).get(cohort);
  (row[offset] ??= new Set()).add(user);
}
console.log(cohorts);
const most = Math.max(...Array.from(cohorts.values(), (row) => row.length));
const percent = (part, whole) => (part / whole).toLocaleString("en-US", { style: "percent", maximumFractionDigits: 1 });
console.log(["cohort".padEnd(10), "size".padStart(5), ...Array.from({ length: most }, (_, i) => `M${i}`.padStart(8))].join(""));
for (const [cohort, row] of [...cohorts].sort((a, b) => a[0] - b[0])) {
  const size = row[0].size;
  console.log([label(cohort).padEnd(10), String(size).padStart(5), ...Array.from(row, (users) => percent(users?.size ?? 0, size).padStart(8))].join(""));
}
return Object.fromEntries([...cohorts].map(([cohort, row]) => [label(cohort), Array.from(row, (users) => users?.size ?? 0)]));
