// Writes src/locales.json: how numbers and dates look in each locale that JavaScript here knows, as the CLDR of the node that
// runs this has it. `node guest-tools/javascript/locales.mjs`. What a pattern cannot say is left out, and refused by name.

import { writeFileSync } from "node:fs";

const LOCALES = `en-US en-GB en-CA en-AU en-IN en-IE de-DE de-CH fr-FR fr-CA es-ES es-MX it-IT nl-NL pt-BR pt-PT sv-SE da-DK
    nb-NO fi-FI pl-PL cs-CZ ru-RU tr-TR ja-JP ko-KR zh-CN`.split(/\s+/);
const CURRENCIES = "USD EUR GBP JPY CHF CAD AUD NZD CNY INR SEK NOK DKK PLN CZK BRL MXN KRW".split(" ");
const texts = ["s", "l"].flatMap((month) => [
    `-n${month}n`, `-n${month}2`, `--${month}n`, `--${month}2`, `-n${month}-`,
    ...["s", "l"].flatMap((weekday) => [`${weekday}n${month}n`, `${weekday}n${month}2`, `${weekday}-${month}n`]),
]);
// Weekday, year, month, day.
const DATES = ["-nnn", "-n22", "-nn2", "-n2n", "-2nn", "-222", "--nn", "--22", "-nn-", "-n2-", "-n--", "--n-", "--2-", "---n", "---2", "--s-", "--l-",
    "s---", "l---", "snnn", "lnnn", "sn22", "ln22", ...texts];
const TIMES = ["n--", "nn-", "n2-", "nnn", "nn2", "n22", "2--", "2n-", "22-", "2nn", "2n2", "222"].flatMap((key) => ["", "12", "24", "h23"].map((cycle) => key + cycle));
const STYLES = ["short", "medium", "long", "full"];

const words = { n: "numeric", 2: "2-digit", s: "short", l: "long" };
const at = (month, day, hour = 15) => new Date(Date.UTC(2024, month, day, hour, 4, 7));
const dateOptions = ([weekday, year, month, day]) => Object.fromEntries(Object.entries({ weekday, year, month, day })
    .filter(([, one]) => one !== "-").map(([name, one]) => [name, words[one]]));
const timeOptions = (key) => ({
    hour: words[key[0]], ...(key[1] === "-" ? {} : { minute: words[key[1]] }), ...(key[2] === "-" ? {} : { second: words[key[2]] }), ...CYCLES[key.slice(3)],
});
const CYCLES = { "": {}, 12: { hour12: true }, 24: { hour12: false }, h23: { hourCycle: "h23" } };
// The parts of a date; node writes a plain blank for the narrow one that is among them.
const parts = (locale, options, date) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options }).formatToParts(date)
    .map(({ type, value }) => ({ type, value: value.replaceAll("\u202f", " ") }));
const two = (number) => String(number).padStart(2, "0");

function names(locale, field, style, contexts) {
    return contexts.map((date) => parts(locale, field === "month" ? { month: style, day: "numeric", year: "numeric" } : { weekday: style }, date)
        .find((part) => part.type === field).value);
}

const tokens = {
    year: (date) => [["yyyy", String(date.getUTCFullYear())], ["yy", two(date.getUTCFullYear() % 100)]],
    month: (date, known) => [["M", String(date.getUTCMonth() + 1)], ["MM", two(date.getUTCMonth() + 1)],
        ["MMM", known.months[0][date.getUTCMonth()]], ["MMMM", known.months[1][date.getUTCMonth()]]],
    day: (date) => [["d", String(date.getUTCDate())], ["dd", two(date.getUTCDate())]],
    weekday: (date, known) => [["EEE", known.weekdays[0][date.getUTCDay()]], ["EEEE", known.weekdays[1][date.getUTCDay()]]],
    hour: (date) => {
        const hour = date.getUTCHours();
        return [["h", String(hour % 12 || 12)], ["hh", two(hour % 12 || 12)], ["H", String(hour)], ["HH", two(hour)], ["k", String(hour || 24)], ["kk", two(hour || 24)]];
    },
    minute: (date) => [["mm", two(date.getUTCMinutes())]],
    second: (date) => [["ss", two(date.getUTCSeconds())]],
    dayPeriod: (date, known) => [["a", known.halves[date.getUTCHours() < 12 ? 0 : 1]]],
};

// The pattern of some options, `{yyyy}-{MM}-{dd}`, which must hold for all of the dates; nothing where there is none.
function pattern(locale, options, dates, known) {
    const shapes = dates.map((date) => parts(locale, options, date).map(({ type, value }) =>
        type === "literal" ? [value] : (tokens[type]?.(date, known) ?? []).filter(([, text]) => text === value).map(([name]) => `{${name}}`)));
    const [first] = shapes;
    if (shapes.some((shape) => shape.length !== first.length)) return "";
    const held = first.map((_, index) => first[index].find((one) => shapes.every((shape) => shape[index].includes(one))));
    return held.includes(undefined) ? "" : held.join("");
}

// Patterns are kept once, and named by their number.
const pool = [""];
function pooled(text) {
    if (!pool.includes(text)) pool.push(text);
    return pool.indexOf(text);
}

function glue(locale, options) {
    const found = parts(locale, { ...options, ...(options.dateStyle ? { timeStyle: "short" } : { hour: "numeric", minute: "2-digit" }) }, at(2, 9));
    const hour = found.findIndex((part) => ["hour", "dayPeriod"].includes(part.type));
    const alone = parts(locale, options, at(2, 9));
    const ending = alone.at(-1).type === "literal" ? alone.at(-1).value : "";
    const literal = found[hour - 1].value;
    return literal.startsWith(ending) ? literal.slice(ending.length) : literal;
}

function numbers(locale) {
    const found = new Intl.NumberFormat(locale).formatToParts(-1234567.5);
    const value = (type) => found.find((part) => part.type === type).value;
    const money = (currency, number, currencyDisplay) => number.toLocaleString(locale, { style: "currency", currency, currencyDisplay, maximumFractionDigits: 0 });
    const symbol = (currency) => new Intl.NumberFormat(locale, { style: "currency", currency }).formatToParts(1).find((part) => part.type === "currency").value;
    // A symbol that ends with a letter is kept from the digits by a blank, which is no part of the pattern.
    const plain = CURRENCIES.find((one) => /^[^\p{L}]+$/u.test(symbol(one)));
    const shape = (number) => money(plain, number, "symbol").replace("1", "#").replace(symbol(plain), "¤");
    return {
        decimal: value("decimal"), group: value("group"), minus: value("minusSign"),
        from: (1234).toLocaleString(locale).length === 4 ? 5 : 4, isIndian: (12345678).toLocaleString(locale).split(value("group")).length === 4,
        percent: (1).toLocaleString(locale, { style: "percent" }).replace("100", "#"),
        money: [shape(1), shape(-1)],
        symbols: Object.fromEntries(CURRENCIES.map((one) => [one, symbol(one)]).filter(([one, shown]) => one !== shown)),
    };
}

function dates(locale) {
    const months = Array.from({ length: 12 }, (_, month) => at(month, 9)), week = Array.from({ length: 7 }, (_, day) => at(8, day + 1));
    const known = {
        months: ["short", "long"].map((style) => names(locale, "month", style, months)),
        weekdays: ["short", "long"].map((style) => names(locale, "weekday", style, week)),
        halves: [at(0, 1, 3), at(0, 1, 15)].map((date) => parts(locale, { hour: "numeric", hour12: true }, date).find((part) => part.type === "dayPeriod")?.value ?? ""),
    };
    const days = [...months, ...week, at(10, 23)], hours = Array.from({ length: 24 }, (_, hour) => at(0, 1, hour));
    const is12 = parts(locale, { hour: "numeric" }, at(0, 1)).some((part) => part.type === "dayPeriod");
    return {
        ...known, is12,
        dates: DATES.map((key) => pooled(pattern(locale, dateOptions(key), days, known))),
        times: TIMES.map((key) => pooled(pattern(locale, timeOptions(key), hours, known))),
        glues: ["-nnn", "-nsn", "-nln", "lnln"].map((key) => glue(locale, dateOptions(key))),
        dateStyles: STYLES.map((dateStyle) => pattern(locale, { dateStyle }, days, known)),
        timeStyles: STYLES.slice(0, 2).map((timeStyle) => pattern(locale, { timeStyle }, hours, known)),
        styleGlues: STYLES.map((dateStyle) => glue(locale, { dateStyle })),
    };
}

const locales = Object.fromEntries(LOCALES.map((locale) => [locale, { ...numbers(locale), ...dates(locale) }]));
const languages = {};
for (const locale of LOCALES) languages[locale.slice(0, 2)] ??= locale;
const text = [`"dateKeys": ${JSON.stringify(DATES)}`, `"timeKeys": ${JSON.stringify(TIMES)}`, `"currencies": ${JSON.stringify(CURRENCIES)}`,
    `"patterns": ${JSON.stringify(pool)}`, `"languages": ${JSON.stringify(languages)}`,
    `"locales": {\n${Object.entries(locales).map(([name, one]) => `${JSON.stringify(name)}: ${JSON.stringify(one)}`).join(",\n")}\n}`];
writeFileSync(new URL("src/locales.json", import.meta.url), `{\n${text.join(",\n")}\n}\n`);
