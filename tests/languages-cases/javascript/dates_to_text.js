const date = new Date(Date.UTC(2025, 11, 31, 23, 59, 58, 7));
console.log(date.toISOString(), date.toJSON(), date.toUTCString());
console.log(date.toString(), "/", date.toDateString(), "/", date.toTimeString());
console.log(date.toLocaleString(), "/", date.toLocaleDateString(), "/", date.toLocaleTimeString());
console.log(date.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" }), date.toLocaleDateString("en-US", { month: "short", day: "numeric" }), date.toLocaleDateString(undefined, { year: "2-digit", month: "numeric", day: "numeric" }));
console.log(date.getTimezoneOffset(), Intl.DateTimeFormat().resolvedOptions().timeZone);
console.log(String(new Date(2025, 0, 31)), new Date("2025-01-31T10:00") - new Date("2025-01-31T10:00Z"));
`${date}`.length + Number(date);
