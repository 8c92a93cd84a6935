const tasks = [
  { name: "Design", start: "2025-03-03", days: 4 },
  { name: "API", start: "2025-03-06", days: 6, after: "Design" },
  { name: "UI", start: "2025-03-07", days: 5, after: "Design" },
  { name: "QA", start: "2025-03-13", days: 3, after: "API" },
  { name: "Launch 🚀", start: "2025-03-17", days: 1, after: "QA" },
];
const DAY = 864e5;
const day = (text) => Date.parse(text) / DAY;
const first = Math.min(...tasks.map(({ start }) => day(start)));
const last = Math.max(...tasks.map(({ start, days }) => day(start) + days));
const weekday = new Intl.DateTimeFormat("en-US", { weekday: "short" });
const heading = Array.from({ length: last - first }, (_, i) => weekday.format(new Date((first + i) * DAY))[0]).join("");
const label = Math.max(...tasks.map(({ name }) => [...name].length)) + 1;
console.log(" ".repeat(label) + heading);
for (const { name, start, days } of tasks) {
  const bar = "·".repeat(day(start) - first) + "█".repeat(days);
  console.log(name + " ".repeat(label - [...name].length) + bar.padEnd(last - first, "·"));
}
const svg = tasks.map(({ name, start, days }, row) => {
  const x = (day(start) - first) * 20, y = row * 24;
  return `  <g><rect x="${x}" y="${y}" width="${days * 20}" height="18" rx="3" fill="hsl(${(row * 67) % 360} 60% 55%)"/><text x="${x + 4}" y="${y + 13}">${name.replace(/[<>&]/g, (c) => `&#${c.charCodeAt(0)};`)}</text></g>`;
});
console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${(last - first) * 20} ${tasks.length * 24}">\n${svg.join("\n")}\n</svg>`);
const conflicts = tasks.filter(({ start, after }) => {
  const before = tasks.find(({ name }) => name === after);
  return before && day(start) < day(before.start) + before.days;
}).map(({ name, after }) => `${name} starts before ${after} ends`);
const finish = new Date(last * DAY).toLocaleDateString("en-US", { weekday: "long", month: "long", day: "numeric" });
return { conflicts, finish };
