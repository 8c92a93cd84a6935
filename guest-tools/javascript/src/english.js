// What Intl has of English alone: lists, plurals and times that are some way off. Another language is refused by name.
(host, parts) => {
    "use strict";
    const { Intl } = globalThis;
    const { hidden } = parts.base;
    const refuse = (what, known) => { throw new RangeError(`${what} is not supported here; supported: ${known}`); };
    const english = (locales, kind) => {
        const [first = "en-US"] = [locales].flat();
        if (String(first) === "default") return "en-US";
        if (!/^en\b/i.test(String(first))) refuse(`Intl.${kind} of the locale "${first}"`, "that of English");
        return String(first);
    };
    const option = (options, name, values) => {
        const value = options?.[name] ?? values[0];
        return values.includes(value) ? value : refuse(`the value ${String(value)} of the option ${name}`, values.join(", "));
    };

    class ListFormat {
        constructor(locales, options) {
            const [locale, type, style] = [english(locales, "ListFormat"), option(options, "type", ["conjunction", "disjunction", "unit"]), option(options, "style", ["long", "short", "narrow"])];
            const word = type === "disjunction" ? "or" : type === "unit" || style === "narrow" ? "" : style === "short" ? "&" : "and";
            const comma = type === "unit" && style === "narrow" ? " " : ", ";
            hidden(this, "resolvedOptions", () => ({ locale, type, style }));
            const between = (at, count) => (at < count - 1 || word === "" ? comma : count === 2 ? ` ${word} ` : `, ${word} `);
            const toParts = (items) => [...items].flatMap((value, at, all) => {
                if (typeof value !== "string") throw new TypeError("Iterable yielded a non-String value");
                return [...(at > 0 ? [{ type: "literal", value: between(at, all.length) }] : []), { type: "element", value }];
            });
            hidden(this, "formatToParts", toParts);
            hidden(this, "format", (items) => toParts(items).map(({ value }) => value).join(""));
        }
    }
    class PluralRules {
        constructor(locales, options) {
            const locale = english(locales, "PluralRules"), type = option(options, "type", ["cardinal", "ordinal"]), places = options?.minimumFractionDigits ?? 0;
            hidden(this, "resolvedOptions", () => ({ locale, type }));
            hidden(this, "select", (value) => {
                const number = Math.abs(Number(value)), ending = number % 10, isTeen = Math.floor((number % 100) / 10) === 1;
                if (type === "cardinal") return number === 1 && places === 0 ? "one" : "other";
                return isTeen ? "other" : ["other", "one", "two", "few"][ending] ?? "other";
            });
        }
    }
    const UNITS = { second: "sec.", minute: "min.", hour: "hr.", day: "day", week: "wk.", month: "mo.", quarter: "qtr.", year: "yr." };
    const DAYS = { "-1": "yesterday", 0: "today", 1: "tomorrow" }, WHICH = { "-1": "last", 0: "this", 1: "next" };
    const named = (unit, value, shown) => {
        if (unit === "day") return DAYS[value];
        if (unit === "second") return value === 0 ? "now" : undefined;
        if (["minute", "hour"].includes(unit)) return value === 0 ? `this ${unit}` : undefined;
        return WHICH[value] && `${WHICH[value]} ${shown}`;
    };
    class RelativeTimeFormat {
        constructor(locales, options) {
            const locale = english(locales, "RelativeTimeFormat"), numeric = option(options, "numeric", ["always", "auto"]), style = option(options, "style", ["long", "short"]);
            const numbers = new Intl.NumberFormat("en-US");
            hidden(this, "resolvedOptions", () => ({ locale, style, numeric, numberingSystem: "latn" }));
            const toParts = (given, name) => {
                const value = Number(given), unit = String(name).replace(/s$/, "");
                if (!Number.isFinite(value)) throw new RangeError("The value is no finite number");
                if (!Object.hasOwn(UNITS, unit)) throw new RangeError(`Invalid unit argument for format() '${name}'`);
                const one = style === "short" ? UNITS[unit] : unit, which = numeric === "auto" ? named(unit, value, one) : undefined;
                if (which) return [{ type: "literal", value: which }];
                const many = style === "long" || unit === "day" ? `${one}s` : unit === "quarter" ? "qtrs." : one;
                const isPast = value < 0 || Object.is(value, -0), literal = (text) => ({ type: "literal", value: text });
                const amount = numbers.formatToParts(Math.abs(value)).map((part) => ({ ...part, unit }));
                return [...(isPast ? [] : [literal("in ")]), ...amount, literal(` ${Math.abs(value) === 1 ? one : many}${isPast ? " ago" : ""}`)];
            };
            hidden(this, "formatToParts", toParts);
            hidden(this, "format", (given, name) => toParts(given, name).map(({ value }) => value).join(""));
        }
    }
    for (const [name, kind] of Object.entries({ ListFormat, PluralRules, RelativeTimeFormat })) {
        hidden(kind, "supportedLocalesOf", (locales) => [locales].flat().filter((one) => /^en\b/i.test(String(one))));
        hidden(Intl, name, kind);
    }
    for (const name of ["Segmenter", "DisplayNames", "DurationFormat"]) hidden(Intl, name, function () { refuse(`Intl.${name}`, "NumberFormat, DateTimeFormat, Collator, and of English ListFormat, PluralRules and RelativeTimeFormat"); });
    return {};
}
