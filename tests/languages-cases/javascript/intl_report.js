const values = [1234567.891, -0.5, 0, 1e21, 42];
for (const locale of ["en-US", "de-DE", "fr-FR", "en-IN", "ja-JP", "pt-BR", "es-ES", "sv-SE"]) {
  console.log(locale, values.map((value) => value.toLocaleString(locale)).join(" | "));
}
const money = [["en-US", "USD"], ["de-DE", "EUR"], ["ja-JP", "JPY"], ["en-GB", "GBP"], ["fr-CA", "CAD"], ["de-CH", "CHF"], ["cs-CZ", "CZK"], ["pl-PL", "PLN"]];
for (const [locale, currency] of money) console.log(locale, new Intl.NumberFormat(locale, { style: "currency", currency }).format(-98765.432));
console.log(new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 }).format(123456));
console.log((0.256).toLocaleString("en-US", { style: "percent", minimumFractionDigits: 1 }), (1e6).toLocaleString("en-US", { useGrouping: false }));
const date = new Date(Date.UTC(2025, 1, 3, 16, 5, 9));
for (const locale of ["en-US", "en-GB", "de-DE", "fr-FR", "ja-JP", "ko-KR", "zh-CN", "pt-BR"]) {
  console.log(locale, date.toLocaleDateString(locale, { timeZone: "UTC" }), date.toLocaleDateString(locale, { timeZone: "UTC", weekday: "long", year: "numeric", month: "long", day: "numeric" }), date.toLocaleTimeString(locale, { timeZone: "UTC" }));
}
console.log(date.toLocaleString("en-US", { timeZone: "UTC", dateStyle: "medium", timeStyle: "short" }));
console.log(date.toLocaleDateString("en-CA", { timeZone: "UTC" }), date.toLocaleDateString("sv-SE", { timeZone: "UTC" }));
return new Intl.DateTimeFormat().resolvedOptions().locale;
