const days = function* (from, to) { for (const day = new Date(from); day <= new Date(to); day.setUTCDate(day.getUTCDate() + 1)) yield day.toISOString().slice(0, 10); };
const data = { "2024-02-28": 3, "2024-03-01": 5 };
[...days("2024-02-27", "2024-03-02")].map((day) => [day, data[day] ?? 0]);
