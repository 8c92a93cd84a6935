// Prints calendars, finds holidays that move, and adds months as billing does.
const utc = (year, month, day) => new Date(Date.UTC(year, month - 1, day));
const days = (year, month) => utc(year, month + 1, 0).getUTCDate();
function calendar(year, month, { monday = true, marked = [] } = {}) {
  const title = new Intl.DateTimeFormat("en-US", { month: "long", year: "numeric", timeZone: "UTC" }).format(utc(year, month, 1));
  const lead = (utc(year, month, 1).getUTCDay() - Number(monday) + 7) % 7;
  const cells = [...Array(lead).fill("   "), ...Array.from({ length: days(year, month) }, (_, i) => `${i + 1}`.padStart(2) + (marked.includes(i + 1) ? "*" : " "))];
  const rows = [];
  while (cells.length) rows.push(cells.splice(0, 7).join("").trimEnd());
  const heading = ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"];
  if (monday) heading.push(heading.shift());
  return [title.padStart(Math.floor((20 + title.length) / 2)), heading.join(" "), ...rows].join("\n");
}
function easter(year) {
  const a = year % 19, b = Math.floor(year / 100), c = year % 100, d = (b - (b >> 2) - Math.floor((8 * b + 13) / 25) + 19 * a + 15) % 30;
  const e = (32 + 2 * (b % 4) + 2 * (c >> 2) - d - (c % 4)) % 7, f = Math.floor((a + 11 * d + 22 * e) / 451), n = d + e - 7 * f + 114;
  return utc(year, Math.floor(n / 31), (n % 31) + 1);
}
const nth = (year, month, weekday, n) => { const first = utc(year, month, 1).getUTCDay(); return n > 0 ? utc(year, month, 1 + ((weekday - first + 7) % 7) + (n - 1) * 7) : utc(year, month + 1, 0 - ((utc(year, month + 1, 0).getUTCDay() - weekday + 7) % 7)); };
const iso = (date) => date.toISOString().split("T")[0];
const holidays = (year) => ({ "New Year": utc(year, 1, 1), Easter: easter(year), "Memorial Day": nth(year, 5, 1, -1), Thanksgiving: nth(year, 11, 4, 4) });
for (const year of [2024, 2025, 2026]) console.log(year, Object.fromEntries(Object.entries(holidays(year)).map(([name, date]) => [name, iso(date)])));
console.log(calendar(2025, 2, { marked: [14, 28] }));
console.log(calendar(2026, 11, { monday: false, marked: [nth(2026, 11, 4, 4).getUTCDate()] }));
const addMonths = (date, n) => { const target = utc(date.getUTCFullYear(), date.getUTCMonth() + 1 + n, 1); target.setUTCDate(Math.min(date.getUTCDate(), days(target.getUTCFullYear(), target.getUTCMonth() + 1))); return target; };
console.log(Array.from({ length: 5 }, (_, i) => iso(addMonths(utc(2024, 1, 31), i))), iso(addMonths(utc(2025, 3, 31), -1)));
const age = (born, at) => at.getUTCFullYear() - born.getUTCFullYear() - Number([at.getUTCMonth(), at.getUTCDate()].join() !== "" && at < utc(at.getUTCFullYear(), born.getUTCMonth() + 1, born.getUTCDate()));
console.log(age(utc(2000, 2, 29), utc(2025, 2, 28)), age(utc(2000, 2, 29), utc(2025, 3, 1)), new Date(2025, 1, 30).getMonth(), new Date("nonsense").getTime(), Date.UTC(99, 0));
console.log(new Date("2025-02-30").toString(), new Date(8.64e15 + 1).valueOf(), new Date(2025, 5).toISOString(), Date.parse("Thu, 01 Jan 1970 00:00:01 GMT"), Date.parse("2025-06-01T12:00:00+02:00"));
return [utc(2024, 2, 29), utc(2025, 2, 29)];
