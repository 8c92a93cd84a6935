const log = `2025-02-01T10:00:00.120Z WARN  [db] slow query took 1520ms (id=7f3a)
2025-02-01T10:00:01.002Z ERROR [api] GET /users/42 failed: ECONNRESET
2025-02-01T10:00:01.550Z ERROR [api] GET /users/97 failed: ECONNRESET
    at Socket.onClose (net.js:312:5)
    at emit (events.js:88:1)
2025-02-01T10:00:03.000Z WARN  [db] slow query took 980ms (id=9c01)
2025-02-01T10:00:04.400Z INFO  [api] started
2025-02-01T10:00:09.999Z ERROR [api] GET /orders/5 failed: ETIMEDOUT`;
const ENTRY = /^(?<time>\S+Z)\s+(?<level>[A-Z]+)\s+\[(?<source>\w+)\]\s+(?<message>.*)$/;
const entries = [];
for (const line of log.split("\n")) {
  const found = line.match(ENTRY);
  if (found) entries.push({ ...found.groups, time: new Date(found.groups.time), stack: [] });
  else entries.at(-1)?.stack.push(line.trim());
}
const template = (message) => message.replace(/\b\d+(?=ms\b)/g, "<n>").replace(/id=[0-9a-f]+/g, "id=<hex>").replace(/\/\d+\b/g, "/:id");
const groups = entries.reduce((all, entry) => {
  const key = `${entry.level} ${template(entry.message)}`;
  const group = all.get(key) ?? all.set(key, { count: 0, first: entry.time, last: entry.time, stacks: new Set() }).get(key);
  group.count += 1;
  group.last = entry.time;
  if (entry.stack.length) group.stacks.add(entry.stack.join(" < "));
  return all;
}, new Map());
console.log(groups);
const span = ({ first, last }) => `${((last - first) / 1000).toFixed(2)}s`;
const report = [...groups].sort(([, a], [, b]) => b.count - a.count || a.first - b.first).map(([key, group]) => `${group.count}x ${key} over ${span(group)}`);
console.log(report.join("\n"));
console.log(entries[2]);
return report.length;
