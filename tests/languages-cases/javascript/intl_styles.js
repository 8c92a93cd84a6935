const at = new Date(Date.UTC(2025, 10, 5, 14, 7, 9));
const styles = ["short", "medium", "long", "full"];
for (const dateStyle of styles) console.log(dateStyle, new Intl.DateTimeFormat("en-US", { dateStyle, timeStyle: dateStyle, timeZone: "UTC" }).format(at));
console.log(at.toLocaleTimeString("en-US", { timeZone: "UTC", timeZoneName: "short", hour: "numeric", minute: "2-digit" }));
console.log(new Intl.NumberFormat("en-US", { notation: "compact", compactDisplay: "long" }).format(1234567), new Intl.NumberFormat("en-US", { notation: "compact", style: "currency", currency: "USD" }).format(98765));
const parts = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }).formatToParts(-1234.5);
parts.map(({ type, value }) => (type === "currency" ? `<b>${value}</b>` : value)).join("");
