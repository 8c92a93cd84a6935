const date = new Date(Date.UTC(2026, 1, 5, 15, 4, 5)), shown = [];
const add = (locale, options) => shown.push([locale, Object.values(options).join(" "), new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options }).format(date)]);
for (const locale of ["en-US", "en-GB", "de-DE"]) {
    for (const weekday of ["short", "long", "narrow"]) {
        for (const month of ["numeric", "2-digit", "short", "long", "narrow"]) add(locale, { weekday, month, day: "numeric" });
        add(locale, { weekday, year: "numeric", month: "numeric", day: "2-digit" });
    }
    for (const minute of ["numeric", "2-digit"]) add(locale, { minute, second: "2-digit" });
    add(locale, { weekday: "long", day: "numeric" });
    add(locale, { month: "narrow" });
    add(locale, { weekday: "narrow" });
    add(locale, { minute: "numeric" });
}
for (const options of [{ weekday: "short", hour: "numeric" }, { weekday: "long", hour: "numeric", minute: "2-digit" }, { weekday: "short", month: "short" }, { weekday: "long", hour: "2-digit", minute: "2-digit", hour12: false }, { timeZoneName: "short" },
    { year: "numeric", month: "long", day: "numeric", timeZoneName: "short" }, { weekday: "long", timeZoneName: "short" }, { weekday: "short", month: "numeric", day: "numeric", hour: "numeric" }, { weekday: "narrow", month: "long", day: "numeric", hour: "numeric" }]) add("en-US", options);
console.log(shown.map((one) => one.join(" | ")).join("\n"));
console.log(date.toLocaleString("default", { month: "long" }), date.toLocaleDateString("default"), (1234.5).toLocaleString("default"), new Intl.DateTimeFormat("default").resolvedOptions().locale, new Intl.ListFormat("default").format(["a", "b"]), ["b", "a"].sort(new Intl.Collator("default").compare));
const parts = (all) => all.map(({ type, value, unit }) => `${type}${unit ? `(${unit})` : ""}:${value}`).join("|");
for (const items of [[], ["a"], ["a", "b"], ["a", "b", "c"]]) console.log(parts(new Intl.ListFormat("en", { type: "conjunction" }).formatToParts(items)), parts(new Intl.ListFormat("en", { type: "unit", style: "narrow" }).formatToParts(items)));
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
for (const [value, unit] of [[1, "day"], [-3, "days"], [1234.5, "hours"], [-1, "month"], [0, "second"], [-1, "second"]]) console.log(parts(relative.formatToParts(value, unit)), relative.format(value, unit));
console.log(parts(new Intl.DateTimeFormat("en-US", { weekday: "short", month: "numeric", day: "numeric", timeZone: "UTC" }).formatToParts(date)));
