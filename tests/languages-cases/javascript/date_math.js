const start = new Date(Date.UTC(2026, 0, 31, 22, 30));
const end = new Date(start.getTime() + 27 * 3600 * 1000);
console.log(end.toISOString());
return { day: end.getUTCDay(), days: Math.round((Date.UTC(2026, 2, 1) - Date.UTC(2026, 1, 1)) / 864e5), iso: end.toISOString().slice(0, 10) };
