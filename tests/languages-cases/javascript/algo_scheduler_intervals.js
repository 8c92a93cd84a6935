const meetings = [
  { id: "standup", from: "09:00", to: "09:15" },
  { id: "design", from: "09:10", to: "10:30" },
  { id: "1:1", from: "10:30", to: "11:00" },
  { id: "review", from: "10:45", to: "12:00" },
  { id: "lunch", from: "12:00", to: "13:00" },
  { id: "demo", from: "09:30", to: "11:30" },
];
const minutes = (text) => { const [h, m] = text.split(":").map(Number); return h * 60 + m; };
const clock = (n) => `${String(Math.trunc(n / 60)).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}`;
const spans = meetings.map(({ id, from, to }) => ({ id, start: minutes(from), end: minutes(to) }));
// The fewest rooms, and which meeting is in which.
const rooms = [];
for (const span of [...spans].sort((a, b) => a.start - b.start || a.end - b.end)) {
  const room = rooms.find((booked) => booked.at(-1).end <= span.start);
  if (room) room.push(span); else rooms.push([span]);
}
rooms.forEach((room, i) => console.log(`Room ${String.fromCharCode(65 + i)}: ${room.map(({ id, start, end }) => `${id} ${clock(start)}-${clock(end)}`).join(", ")}`));
// What one person can attend at most.
const attended = [];
for (const span of spans.toSorted((a, b) => a.end - b.end)) if (!attended.length || attended.at(-1).end <= span.start) attended.push(span);
// The gaps in which nothing is booked in working hours.
const merged = spans.toSorted((a, b) => a.start - b.start).reduce((all, { start, end }) => {
  const last = all.at(-1);
  if (last && start <= last[1]) last[1] = Math.max(last[1], end);
  else all.push([start, end]);
  return all;
}, []);
const free = [];
let at = minutes("08:30");
for (const [start, end] of merged) { if (start > at) free.push([at, start]); at = end; }
if (at < minutes("17:00")) free.push([at, minutes("17:00")]);
console.log(merged, free.map((gap) => gap.map(clock).join("-")));
const timeline = Array.from({ length: 18 }, (_, i) => 510 + i * 15).map((t) => spans.filter(({ start, end }) => start <= t && t < end).length);
console.log(timeline);
console.log(timeline.map((n) => " ▂▅█"[n]).join("|"));
({ rooms: rooms.length, attended: attended.map(({ id }) => id) });
