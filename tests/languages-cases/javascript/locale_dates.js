const date = new Date(Date.UTC(2026, 2, 9, 14, 5, 7));
const utc = { timeZone: "UTC" };
console.log(date.toLocaleDateString("en-US", utc), date.toLocaleTimeString("en-US", utc), date.toLocaleString("en-US", utc));
console.log(date.toLocaleDateString("en-US", { weekday: "long", year: "numeric", month: "long", day: "numeric", ...utc }));
console.log(date.toLocaleDateString("en-US", { month: "short", day: "numeric", ...utc }), date.toLocaleDateString("en-US", { month: "long", year: "numeric", ...utc }));
console.log(date.toLocaleTimeString("en-US", { hour: "2-digit", minute: "2-digit", ...utc }), date.toLocaleTimeString("en-US", { hour12: false, ...utc }));
for (const locale of ["en-GB", "en-CA", "de-DE", "fr-FR", "es-ES", "it-IT", "nl-NL", "sv-SE", "pl-PL", "ja-JP", "zh-CN"]) {
    console.log(locale, date.toLocaleDateString(locale, utc), date.toLocaleTimeString(locale, utc), date.toLocaleString(locale, utc));
    console.log(date.toLocaleDateString(locale, { day: "2-digit", month: "2-digit", year: "numeric", ...utc }), date.toLocaleDateString(locale, { dateStyle: "long", ...utc }));
}
console.log(new Intl.DateTimeFormat("de-DE", { dateStyle: "full", timeStyle: "short", ...utc }).format(date));
console.log(new Date(NaN).toLocaleDateString("en-US"));
date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium", ...utc })
