const date = new Date(Date.UTC(2024, 6, 4, 9, 5, 3, 7));
const parts = { yyyy: date.getUTCFullYear(), MM: date.getUTCMonth() + 1, dd: date.getUTCDate(), HH: date.getUTCHours(), mm: date.getUTCMinutes(), ss: date.getUTCSeconds() };
const format = (pattern) => pattern.replace(/yyyy|MM|dd|HH|mm|ss/g, (token) => String(parts[token]).padStart(token.length, "0"));
[format("yyyy-MM-dd HH:mm:ss"), format("dd/MM/yyyy"), date.toISOString(), date.toUTCString(), date.toJSON(), date.getTime(), new Date("2024-07-04T09:05:03+02:00").toISOString()];
