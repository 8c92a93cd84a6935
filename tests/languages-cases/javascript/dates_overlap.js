const meetings = [["09:00", "10:30"], ["10:00", "11:00"], ["12:00", "13:00"], ["12:30", "12:45"], ["15:00", "16:00"]];
const minutes = (text) => { const [h, m] = text.split(":").map(Number); return h * 60 + m; };
const clock = (m) => `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
const merged = [];
for (const [from, to] of meetings.map((pair) => pair.map(minutes)).sort(([a], [b]) => a - b)) {
  const last = merged.at(-1);
  if (last && from <= last[1]) last[1] = Math.max(last[1], to); else merged.push([from, to]);
}
const free = merged.slice(1).map(([from], at) => [merged[at][1], from]);
({ busy: merged.map((pair) => pair.map(clock)), free: free.map((pair) => pair.map(clock)) });
