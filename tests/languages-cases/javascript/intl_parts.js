const formatter = new Intl.NumberFormat("de-DE", { style: "currency", currency: "EUR" });
console.log(formatter.formatToParts(-1234.5).map(({ type, value }) => `${type}=${JSON.stringify(value)}`).join(" "));
const parts = Object.fromEntries(new Intl.DateTimeFormat("en-US", { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "UTC" }).formatToParts(new Date(Date.UTC(2025, 6, 4, 9, 3))).map(({ type, value }) => [type, value]));
return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`;
