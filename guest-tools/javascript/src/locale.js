// What the language leaves to a locale: numbers, dates, the order of texts. `locales.json` has the patterns of some locales;
// whatever cannot be kept is refused by name, and never answered with something else.
(data) => {
    "use strict";
    const global = globalThis;
    const hidden = (object, name, value) =>
        Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
    const refuse = (what, known) => { throw new RangeError(`${what} is not supported here${known ? `; supported: ${known}` : ""}`); };
    const names = new Map(Object.keys(data.locales).map((name) => [name.toLowerCase(), name]));
    for (const [language, name] of Object.entries(data.languages)) names.set(language, name);
    // As V8 takes it, which knows no locale of this name.
    names.set("default", "en-US");

    // The name of the first of some locales; node's own is en-US too.
    const localeOf = (locales) => {
        const [first] = locales === undefined ? ["en-US"] : Array.isArray(locales) ? (locales.length ? locales : ["en-US"]) : [locales];
        if (typeof first !== "string" && !(first instanceof Locale)) throw new TypeError(`Incorrect locale information provided: ${String(first)}`);
        return names.get(String(first).toLowerCase()) ?? refuse(`the locale "${first}"`, Object.keys(data.locales).join(", "));
    };
    class Locale {
        constructor(tag) { hidden(this, "tag", localeOf([String(tag)])); }
        toString() { return this.tag; }
        get baseName() { return this.tag; }
        get language() { return this.tag.split("-")[0]; }
        get region() { return this.tag.split("-")[1]; }
    }
    // Reads options: each has the values that are kept, or a function that reads it. Others that Intl has are refused.
    const optionsOf = (given, kept, others) => {
        if (given === null) throw new TypeError("Cannot convert undefined or null to object");
        const found = {};
        for (const name of others) if (given?.[name] !== undefined) refuse(`the option ${name}`, Object.keys(kept).join(", "));
        for (const [name, values] of Object.entries(kept)) {
            const value = given?.[name];
            if (value === undefined) continue;
            found[name] = typeof values === "function" ? values(value, name) : value;
            if (Array.isArray(values) && !values.includes(value)) refuse(`the value ${String(value)} of the option ${name}`, values.map(String).join(", "));
        }
        return found;
    };
    const between = (least, most) => (value, name) => {
        const number = Math.floor(Number(value));
        if (!(number >= least && number <= most)) throw new RangeError(`${name} value is out of range.`);
        return number;
    };

    // --- numbers ------------------------------------------------------------------------------------------------------
    const NUMBER = {
        style: ["decimal", "percent", "currency"], currency: (value) => String(value).toUpperCase(), currencyDisplay: ["symbol", "code"],
        currencySign: ["standard", "accounting"], notation: ["standard", "compact"], compactDisplay: ["short", "long"], localeMatcher: ["lookup", "best fit"], numberingSystem: ["latn"],
        useGrouping: [true, false, "auto", "always", "true", "false"], signDisplay: ["auto", "never", "always", "exceptZero"],
        minimumIntegerDigits: between(1, 21), minimumFractionDigits: between(0, 100), maximumFractionDigits: between(0, 100),
        minimumSignificantDigits: between(1, 21), maximumSignificantDigits: between(1, 21), roundingMode: ["halfExpand"], trailingZeroDisplay: ["auto", "stripIfInteger"],
    };
    const NOT_NUMBER = ["unit", "unitDisplay", "roundingIncrement", "roundingPriority"];
    // How much a number has of places: those that Intl takes where only one end is given.
    const placesOf = (options) => {
        const { style, currency, notation, minimumFractionDigits: low, maximumFractionDigits: high } = options;
        const isCompact = notation === "compact" && low === undefined && high === undefined;
        const usual = isCompact ? [0, 0] : style === "currency" ? (["JPY", "KRW"].includes(currency) ? [0, 0] : [2, 2]) : style === "percent" ? [0, 0] : [0, 3];
        if (low === undefined && high === undefined) return usual;
        if (low === undefined) return [Math.min(usual[0], high), high];
        if (high === undefined) return [low, Math.max(usual[1], low)];
        if (low > high) throw new RangeError("maximumFractionDigits value is out of range.");
        return [low, high];
    };
    const significantOf = ({ minimumSignificantDigits: low, maximumSignificantDigits: high }) => {
        if (low === undefined && high === undefined) return undefined;
        if ((low ?? 1) > (high ?? 21)) throw new RangeError("maximumSignificantDigits value is out of range.");
        return [low ?? 1, high ?? 21];
    };
    // The digits of a number and where its point is: [DIGITS, DIGITS BEFORE THE POINT].
    const digitsOf = (value, isPercent) => {
        let [, before, after = "", power = "0"] = /^-?(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(String(value));
        let digits = before + after, point = before.length + Number(power) + (isPercent ? 2 : 0);
        const zeros = /^0*/.exec(digits)[0].length;
        digits = digits.slice(zeros).replace(/0+$/, "");
        point -= zeros;
        return digits === "" ? ["", 0] : [digits, point];
    };
    // Keeps so many digits; half is rounded away from zero, as Intl does it.
    const rounded = ([digits, point], count) => {
        if (count >= digits.length) return [digits, point];
        if (count < 0) return ["", 0];
        const kept = digits.slice(0, count);
        if (digits[count] < "5") return [kept.replace(/0+$/, ""), kept === "" ? 0 : point];
        const up = (BigInt(kept || "0") + 1n).toString().padStart(count, "0");
        return [up.replace(/0+$/, ""), point + up.length - count];
    };
    // A compact number that names no digits has two, or all before the point.
    const COMPACT = ["minimumFractionDigits", "maximumFractionDigits", "minimumSignificantDigits", "maximumSignificantDigits"];
    const hasOwnDigits = (options) => COMPACT.some((name) => options[name] !== undefined);
    const digitsLeft = (found, options) => (options.notation === "compact" && !hasOwnDigits(options) && found[1] < 2 ? [1, 2] : significantOf(options));
    const places = (found, options) => {
        const significant = digitsLeft(found, options);
        const [low, high] = significant ?? placesOf(options);
        const [digits, point] = rounded(found, significant ? high : found[1] + high);
        const isZero = digits === "";
        const all = point > 0 ? digits.padEnd(point, "0") : "0".repeat(-point) + digits;
        const whole = isZero ? "0" : point > 0 ? all.slice(0, point) : "0", rest = isZero ? "" : point > 0 ? all.slice(point) : all;
        const least = significant ? Math.max(low - (isZero ? 1 : point), 0) : low;
        const isStripped = rest === "" && options.trailingZeroDisplay === "stripIfInteger";
        return [whole.padStart(options.minimumIntegerDigits ?? 1, "0"), isStripped ? "" : rest.padEnd(least, "0"), isZero];
    };
    const THOUSANDS = { short: ["", "K", "M", "B", "T"], long: ["", " thousand", " million", " billion", " trillion"] };
    // [WHOLE, REST, WHETHER ZERO, WHAT STANDS BEHIND] of a number, in thousands where it is compact.
    const counted = (value, options) => {
        const [digits, point] = digitsOf(value, options.style === "percent");
        if (options.notation !== "compact") return [...places([digits, point], options), ""];
        for (let power = Math.min(Math.max(Math.floor((point - 1) / 3), 0), 4); ; power++) {
            const found = places([digits, digits === "" ? 0 : point - 3 * power], options);
            if (found[0].length < 4 || power === 4) return [...found, THOUSANDS[options.compactDisplay ?? "short"][power]];
        }
    };
    const grouped = (whole, locale, useGrouping, least = locale.from) => {
        const isAlways = [true, "true", "always"].includes(useGrouping);
        if (useGrouping === false || useGrouping === "false" || whole.length < (isAlways ? 4 : least)) return whole;
        return whole.replace(locale.isIndian ? /\B(?=(\d\d)*\d{3}$)/g : /\B(?=(\d{3})+$)/g, locale.group);
    };
    const signOf = (value, isZero, display) => {
        const isNegative = value < 0 || Object.is(Number(value), -0);
        if (display === "never" || (display === "exceptZero" && isZero)) return "";
        return isNegative ? "-" : display === "always" || display === "exceptZero" ? "+" : "";
    };
    const symbolOf = (locale, { currency, currencyDisplay }) => (currencyDisplay === "code" ? currency : locale.symbols[currency] ?? currency);
    const money = (text, sign, isFinite, locale, options) => {
        const { currency, currencySign } = options;
        if (!data.currencies.includes(currency)) refuse(`the currency ${currency}`, data.currencies.join(", "));
        if (currencySign === "accounting" && sign === "-") return `(${money(text, "", isFinite, locale, options)})`;
        const symbol = symbolOf(locale, options);
        const pattern = locale.money[sign === "" ? 0 : 1];
        // A letter does not touch a digit.
        const before = /\p{L}$/u.test(symbol) ? "¤\u00a0#" : "¤#", after = /^\p{L}/u.test(symbol) ? "#\u00a0¤" : "#¤";
        const spaced = isFinite ? pattern.replace("¤#", before).replace("#¤", after) : pattern;
        return spaced.replace(sign === "" ? "" : locale.minus, () => (sign === "+" ? "+" : sign === "" ? "" : locale.minus)).replace("#", () => text).replace("¤", () => symbol);
    };
    const formatNumber = (value, locale, options) => {
        const isFinite = typeof value !== "number" || Number.isFinite(value);
        if (!isFinite && Number.isNaN(value) && ["fi-FI", "ru-RU"].includes(options.locale)) refuse("NaN in this locale");
        const [whole, rest, isZero, behind] = isFinite ? counted(value, options) : [Number.isNaN(value) ? "NaN" : "∞", "", Number.isNaN(value), ""];
        const sign = Number.isNaN(value) ? (options.signDisplay === "always" ? "+" : "") : signOf(value, isZero, options.signDisplay);
        const least = options.notation === "compact" ? 5 : locale.from;
        const text = (isFinite ? grouped(whole, locale, options.useGrouping, least) : whole) + (rest === "" ? "" : locale.decimal + rest) + behind;
        if (options.style === "currency") return money(text, sign, isFinite, locale, options);
        const signed = (sign === "-" ? locale.minus : sign);
        return options.style === "percent" ? signed + locale.percent.replace("#", () => text) : signed + text;
    };
    // What a number that was written is made of.
    const numberParts = (text, locale, options) => {
        const symbol = options.style === "currency" ? symbolOf(locale, options) : "", parts = [];
        const kindOf = (left, last, isFraction) => {
            if (/^\d/.test(left)) return [isFraction ? "fraction" : "integer", /^\d+/.exec(left)[0]];
            if (symbol !== "" && left.startsWith(symbol)) return ["currency", symbol];
            if (left.startsWith("NaN")) return ["nan", "NaN"];
            if (left.startsWith("∞")) return ["infinity", "∞"];
            if (left.startsWith(locale.minus)) return ["minusSign", locale.minus];
            if (left[0] === "+" || left[0] === "%") return [left[0] === "+" ? "plusSign" : "percentSign", left[0]];
            if (last === "integer" && left.startsWith(locale.group) && /^\d/.test(left.slice(locale.group.length))) return ["group", locale.group];
            if (last === "integer" && left.startsWith(locale.decimal)) return ["decimal", locale.decimal];
            return /^\p{L}/u.test(left) ? ["compact", /^\p{L}+/u.exec(left)[0]] : ["literal", left[0]];
        };
        for (let left = text, isFraction = false; left !== "";) {
            const [type, value] = kindOf(left, parts.at(-1)?.type, isFraction);
            isFraction ||= type === "decimal";
            parts.push({ type, value });
            left = left.slice(value.length);
        }
        return parts;
    };
    // What is kept of English alone, and of its locales that write it alike.
    const isKept = (name, options) => {
        if (options.notation === "compact" && !["en-US", "en-CA", "en-AU"].includes(name)) refuse(`the notation compact in the locale "${name}"`, "that of en-US, en-CA, en-AU");
        if (options.notation === "compact" && options.style === "percent") refuse("the notation compact of a percentage");
        if (options.notation === "compact" && options.compactDisplay === "long" && options.style === "currency") refuse("a currency with long words", "compactDisplay short");
        if (options.currencySign === "accounting" && !(name.startsWith("en-") && name !== "en-IN")) refuse(`the currencySign accounting in the locale "${name}"`, "that of English, but for en-IN");
    };
    const toNumber = (value) => {
        // A text keeps its digits.
        if (typeof value === "string" && /^\s*-?\d+(\.\d*)?(e[+-]?\d+)?\s*$/i.test(value)) return value.trim();
        return typeof value === "bigint" ? value : Number(value);
    };
    const groupingOf = ({ useGrouping = "auto", notation }) => (notation === "compact" && useGrouping === "auto" ? "min2" : useGrouping === true || useGrouping === "true" ? "always" : useGrouping === "false" ? false : useGrouping);
    const resolved = (name, options) => {
        const { style = "decimal", notation = "standard" } = options, isCompact = notation === "compact" && !hasOwnDigits(options), [least, most] = placesOf(options);
        const significant = isCompact ? [1, 2] : significantOf(options), hasPlaces = isCompact || !significant;
        return {
            locale: name, numberingSystem: "latn", style, ...(style === "currency" && { currency: options.currency, currencyDisplay: options.currencyDisplay ?? "symbol", currencySign: options.currencySign ?? "standard" }),
            minimumIntegerDigits: options.minimumIntegerDigits ?? 1, ...(significant && { minimumSignificantDigits: significant[0], maximumSignificantDigits: significant[1] }),
            ...(hasPlaces && { minimumFractionDigits: least, maximumFractionDigits: most }), useGrouping: groupingOf(options), notation,
            ...(notation === "compact" && { compactDisplay: options.compactDisplay ?? "short" }), signDisplay: options.signDisplay ?? "auto", roundingMode: "halfExpand", roundingIncrement: 1,
            trailingZeroDisplay: options.trailingZeroDisplay ?? "auto", roundingPriority: isCompact ? "morePrecision" : "auto",
        };
    };
    function NumberFormat(locales, given) {
        const name = localeOf(locales), options = { ...optionsOf(given, NUMBER, NOT_NUMBER), locale: name };
        if (options.style === "currency" && options.currency === undefined) throw new TypeError("Currency code is required with currency style.");
        placesOf(options), significantOf(options), isKept(name, options);
        const self = new.target ? this : Object.create(NumberFormat.prototype);
        hidden(self, "format", (value) => formatNumber(toNumber(value), data.locales[name], options));
        hidden(self, "formatToParts", (value) => numberParts(self.format(value), data.locales[name], options));
        for (const range of ["formatRange", "formatRangeToParts"]) hidden(self, range, () => refuse(`Intl.NumberFormat's ${range}`, "format and formatToParts, of each of the two"));
        hidden(self, "resolvedOptions", () => resolved(name, options));
        return self;
    }

    // --- dates: in UTC, for that is the zone here ---------------------------------------------------------------------------
    const zone = (value) => (/^(utc|gmt|etc\/(utc|gmt))$/i.test(value) ? "UTC" : refuse(`the time zone "${value}"`, "UTC"));
    const FIELD = ["numeric", "2-digit"], DATE_STYLES = ["short", "medium", "long", "full"];
    const DATE = {
        weekday: ["short", "long", "narrow"], year: FIELD, month: [...FIELD, "short", "long", "narrow"], day: FIELD, hour: FIELD, minute: FIELD, second: FIELD,
        hour12: Boolean, hourCycle: ["h23"], timeZone: (value) => zone(String(value)), dateStyle: DATE_STYLES, timeStyle: ["short", "medium", "long", "full"], timeZoneName: ["short"],
        localeMatcher: ["lookup", "best fit"], formatMatcher: ["basic", "best fit"], calendar: ["gregory"], numberingSystem: ["latn"],
    };
    const NOT_DATE = ["era", "dayPeriod", "fractionalSecondDigits"];
    const short = { numeric: "n", "2-digit": "2", short: "s", long: "l", narrow: "N" };
    const two = (number) => String(number).padStart(2, "0");
    const filled = (token, date, locale) => {
        const year = date.getUTCFullYear(), month = date.getUTCMonth(), hour = date.getUTCHours();
        switch (token) {
            case "yyyy": return String(year);
            case "yy": return two(year % 100);
            case "M": return String(month + 1);
            case "MM": return two(month + 1);
            case "MMM": return locale.months[0][month];
            case "MMMM": return locale.months[1][month];
            case "MMMMM": return locale.months[2][month];
            case "d": return String(date.getUTCDate());
            case "dd": return two(date.getUTCDate());
            case "EE": return `${locale.weekdays[0][date.getUTCDay()]}.`;
            case "EEE": return locale.weekdays[0][date.getUTCDay()];
            case "EEEE": return locale.weekdays[1][date.getUTCDay()];
            case "EEEEE": return locale.weekdays[2][date.getUTCDay()];
            case "h": return String(hour % 12 || 12);
            case "hh": return two(hour % 12 || 12);
            case "H": return String(hour);
            case "HH": return two(hour);
            case "k": return String(hour || 24);
            case "kk": return two(hour || 24);
            case "m": return String(date.getUTCMinutes());
            case "s": return String(date.getUTCSeconds());
            case "mm": return two(date.getUTCMinutes());
            case "ss": return two(date.getUTCSeconds());
            default: return locale.halves[hour < 12 ? 0 : 1];
        }
    };
    const PARTS = { y: "year", M: "month", d: "day", E: "weekday", h: "hour", H: "hour", k: "hour", m: "minute", s: "second", a: "dayPeriod", Z: "timeZoneName" };
    // What a date is made of: the tokens of a pattern, and the texts between them.
    const dateParts = (pattern, date, locale) => pattern.split(/(\{\w+\})/).filter((one) => one !== "").map((one) => {
        const token = /^\{(\w+)\}$/.exec(one)?.[1];
        return token ? { type: PARTS[token[0]], value: token === "Z" ? "UTC" : token === "ZZZZ" ? "Coordinated Universal Time" : filled(token, date, locale) } : { type: "literal", value: one };
    });
    // In the parts alone, a narrow space stands before the half of a day and the Russian year's letter, as in node.
    const narrowed = (parts) => parts.map((part, at) => (part.value.startsWith(" г") || (part.value === " " && parts[at + 1]?.type === "dayPeriod") ? { ...part, value: `\u202f${part.value.slice(1)}` } : part));
    const known = (pattern, fields) => pattern || refuse(`the combination of ${fields.join(", ")} in this locale`);
    const datePattern = (locale, options, fields) => {
        const key = ["weekday", "year", "month", "day"].map((name) => short[options[name]] ?? "-").join("");
        return key === "----" ? "" : known(data.patterns[locale.dates[data.dateKeys.indexOf(key)]], fields);
    };
    const timeKey = ({ hour, minute, second, hour12, hourCycle }) => {
        const cycle = hour === undefined ? "" : hour12 === undefined ? hourCycle ?? "" : hour12 ? "12" : "24";
        return [hour, minute, second].map((field) => short[field] ?? "-").join("") + cycle;
    };
    // The zone alone stands where a time would.
    const timePattern = (locale, options, fields) => {
        const { hour, minute, second, timeZoneName } = options;
        if (hour === undefined && minute === undefined && second === undefined) return timeZoneName === undefined ? "" : "{Z}";
        return known(data.patterns[locale.times[data.timeKeys.indexOf(timeKey(options))]], fields) + (timeZoneName === undefined ? "" : " {Z}");
    };
    const DAYS = { short: "{EEE}", long: "{EEEE}", narrow: "{EEEEE}" };
    // A weekday beside a time.
    const dayTimePattern = (locale, options, fields) => known(data.patterns[locale.dayTimes?.[data.timeKeys.indexOf(timeKey(options))]], fields).replace("{W}", DAYS[options.weekday]);
    const styled = (locale, { dateStyle, timeStyle, hour12, hourCycle }) => {
        if (timeStyle !== undefined && (hour12 ?? (hourCycle === undefined ? locale.is12 : false)) !== locale.is12) refuse("timeStyle with another hour cycle");
        const of = (patterns, style) => known(patterns[DATE_STYLES.indexOf(style)], [style]);
        const zone = { long: " {Z}", full: " {ZZZZ}" }[timeStyle], clock = zone ? "medium" : timeStyle;
        const date = dateStyle && of(locale.dateStyles, dateStyle), time = timeStyle && of(locale.timeStyles, clock) + (zone ?? "");
        return date && time ? date + locale.styleGlues[DATE_STYLES.indexOf(dateStyle)] + time : date ?? time;
    };
    const patternOf = (locale, options) => {
        const fields = ["weekday", "year", "month", "day", "hour", "minute", "second"].filter((name) => options[name] !== undefined);
        if (options.dateStyle !== undefined || options.timeStyle !== undefined) {
            if (fields.length > 0) throw new TypeError(`Can't set option ${fields[0]} when ${options.dateStyle ? "dateStyle" : "timeStyle"} is used`);
            return styled(locale, options);
        }
        const isDayTime = fields.length > 1 && fields[0] === "weekday" && fields.slice(1).every((name) => name in TIME);
        if (isDayTime && options.timeZoneName === undefined) return dayTimePattern(locale, options, fields);
        const date = datePattern(locale, options, fields), time = timePattern(locale, options, fields);
        const glue = locale.glues[options.month === "long" ? (options.weekday ? 3 : 2) : options.month === "short" ? 1 : 0];
        return date && time ? date + glue + time : date || time;
    };
    // Where the name of the zone stands behind a time that is as it were without.
    const ZONED = ["en-US", "en-CA", "en-AU"];
    const DAY = { year: "numeric", month: "numeric", day: "numeric" }, TIME = { hour: "numeric", minute: "numeric", second: "numeric" };
    // What is shown where nothing of it is asked for.
    const completed = (options, wanted, usual) => {
        const isDate = ["weekday", "year", "month", "day"].some((name) => options[name] !== undefined);
        const isTime = ["hour", "minute", "second"].some((name) => options[name] !== undefined);
        const isStyled = options.dateStyle !== undefined || options.timeStyle !== undefined;
        const isEnough = isStyled || (wanted !== "time" && isDate) || (wanted !== "date" && isTime);
        return isEnough ? options : { ...options, ...(usual !== "time" && DAY), ...(usual !== "date" && TIME) };
    };
    const formatDate = (date, locales, given, wanted, usual) => {
        const found = formattedDate(date, locales, given, wanted, usual);
        return typeof found === "string" ? found : found.map(({ value }) => value).join("");
    };
    const formattedDate = (date, locales, given, wanted, usual) => {
        const name = localeOf(locales), options = optionsOf(given, DATE, NOT_DATE), locale = data.locales[name];
        if (wanted === "date" && options.timeStyle !== undefined || wanted === "time" && options.dateStyle !== undefined) {
            throw new TypeError(`Invalid option : ${wanted === "date" ? "timeStyle" : "dateStyle"}`);
        }
        const isZoned = options.timeZoneName !== undefined || ["long", "full"].includes(options.timeStyle);
        if (isZoned && !ZONED.includes(name)) refuse(`the name of the zone in the locale "${name}"`, `that of ${ZONED.join(", ")}`);
        const pattern = patternOf(locale, completed(options, wanted, usual));
        if (date === undefined) return name;
        const year = date.getUTCFullYear();
        if (year < 1583 || year > 9999) refuse(`the year ${year} in a locale`);
        return dateParts(pattern, date, locale);
    };
    function DateTimeFormat(locales, given) {
        const kept = given === undefined ? undefined : { ...given };
        const name = formatDate(undefined, locales, kept, "any", "date");
        const self = new.target ? this : Object.create(DateTimeFormat.prototype);
        const valid = (value) => {
            const date = new Date(value);
            return Number.isNaN(date.getTime()) ? (() => { throw new RangeError("Invalid time value"); })() : date;
        };
        hidden(self, "format", (value = Date.now()) => formatDate(valid(value), name, kept, "any", "date"));
        hidden(self, "formatToParts", (value = Date.now()) => narrowed(formattedDate(valid(value), name, kept, "any", "date")));
        for (const range of ["formatRange", "formatRangeToParts"]) hidden(self, range, () => refuse(`Intl.DateTimeFormat's ${range}`, "format and formatToParts, of each of the two"));
        hidden(self, "resolvedOptions", () => ({ locale: name, calendar: "gregory", numberingSystem: "latn", ...kept, timeZone: "UTC" }));
        return self;
    }
    const shownDate = (date, locales, options, wanted, usual) =>
        (Number.isNaN(date.getTime()) ? "Invalid Date" : formatDate(date, locales, options, wanted, usual));

    // --- the order of texts ---------------------------------------------------------------------------------------------------
    // Of the same weight is what stands in one group. Letters that are none of their own are those that they are made of.
    const MARKS = ["_", "-", "–", "—", ",", ";", ":", "!", "¡", "?", "¿", ".", "·", "'", "‘", "’", "‚", "‹", "›", "\"", "“", "”", "„", "«", "»",
        "(", ")", "[", "]", "{", "}", "§", "¶", "@", "*", "/", "\\", "&", "#", "%", "‰", "†", "‡", "•", "`", "´", "^", "¯", "¨", "°", "©", "®",
        "←", "→", "↑", "↓", "+", "±", "÷", "×", "<", "=", ">", "¬", "|", "¦", "~", "−", "≤", "≥", "✓", "¤", "¢", "$", "£", "¥", "€"];
    const SAME = { "‘": ["'", 1], "’": ["'", 2], "‚": ["'", 3], "“": ["\"", 1], "”": ["\"", 2], "„": ["\"", 3] };
    const ACCENTS = "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0327\u0328\u0304";
    const MADE_OF = { "…": "...", "ß": "ss\u0335", "æ": "ae", "œ": "oe", "ø": "o\u0338", "đ": "d\u0335", "ł": "l\u0335" };
    const ROOT = /^(?:en|de|fr|it|nl|pt)\b/;
    const SPACES = "\t\n\r \u00a0";
    const weights = new Map();
    MARKS.forEach((mark, index) => weights.set(mark, [10 + index, 0]));
    for (const [mark, [of, rank]] of Object.entries(SAME)) weights.set(mark, [weights.get(of)[0], rank]);
    [..."\t\n\r "].forEach((space, index) => weights.set(space, [1 + index, 0]));
    weights.set("\u00a0", [4, 1]);
    [..."0123456789abcdefghijklmnopqrstuvwxyz"].forEach((one, index) => weights.set(one, [1000 + index, 0]));
    // Greek and Cyrillic letters of today, in their order, and the Chinese characters of the first block.
    [..."αβγδεζηθικλμνξοπρστυφχψω"].forEach((one, index) => weights.set(one, [2000 + index, 0]));
    [..."абвгдежзиклмнопрстуфхцчшщъыьэюя"].forEach((one, index) => weights.set(one, [3000 + index, 0]));
    const weightOf = (one) => {
        const found = weights.get(one);
        if (found) return found;
        const point = one.codePointAt(0);
        if (point >= 0x4e00 && point <= 0x9fa5) return [point, 0];
        return refuse(`to order the character "${one}" (U+${point.toString(16).toUpperCase().padStart(4, "0")})`, "Latin, Greek, Cyrillic and Chinese letters; < compares any");
    };
    // [PRIMARY, SECONDARY, TERTIARY] of each letter of a text; a second accent counts less than the first.
    const elements = (text) => {
        const found = [];
        // Й and its like are letters of their own in Cyrillic, and what they are made of is not.
        for (const letter of text.toWellFormed().normalize("NFC")) {
            const isUpper = letter !== letter.toLowerCase() || letter === "…", small = letter.toLowerCase();
            if (small === "й" || small === "ё") {
                found.push(small === "й" ? [3008.5, 0, Number(isUpper)] : [weightOf("е")[0], 5, Number(isUpper)]);
                continue;
            }
            for (const part of [...(MADE_OF[small] ?? small).normalize("NFD")]) {
                const accent = part === "\u0338" || part === "\u0335" ? 30 : ACCENTS.indexOf(part);
                const last = found.at(-1);
                if (accent >= 0 && last) {
                    last[3] = (last[3] ?? 1) / 40;
                    last[1] += (accent + 1) * last[3];
                }
                else if (part === "ς") found.push([weightOf("σ")[0], 0, 2]);
                else { const [first, second] = weightOf(part); found.push([first, second, Number(isUpper)]); }
            }
        }
        return found;
    };
    // A run of digits counts as the number that it is.
    const numeric = (all) => {
        const found = [];
        for (let at = 0; at < all.length; at++) {
            let digits = "";
            while (at < all.length && all[at][0] >= 1000 && all[at][0] < 1010) digits += String(all[at++][0] - 1000);
            if (digits !== "") {
                const value = digits.replace(/^0+(?=.)/, "");
                found.push([1009 + value.length / 1e6, 0, 0], ...[...value].map((digit) => [1000 + Number(digit), 0, 0]));
            }
            if (at < all.length) found.push(all[at]);
        }
        return found;
    };
    const order = (one, other, level) => {
        for (let at = 0; at < Math.max(one.length, other.length); at++) {
            const left = one[at]?.[level] ?? -1, right = other[at]?.[level] ?? -1;
            if (left !== right) return left < right ? -1 : 1;
        }
        return 0;
    };
    const COLLATION = { numeric: Boolean, sensitivity: ["base", "accent", "case", "variant"], usage: ["sort", "search"], localeMatcher: ["lookup", "best fit"], caseFirst: ["false"], ignorePunctuation: [false] };
    const LEVELS = { base: [0], accent: [0, 1], case: [0, 2], variant: [0, 1, 2] };
    const collator = (locales, given) => {
        const name = localeOf(locales), options = optionsOf(given, COLLATION, ["collation"]);
        if (!ROOT.test(name)) refuse(`the order of texts in the locale "${name}"`, "that of English, German, French, Italian, Dutch and Portuguese");
        const levels = LEVELS[options.sensitivity ?? "variant"];
        const compare = (one, other) => {
            one = String(one), other = String(other);
            if (one === other) return 0;
            let [left, right] = [elements(one), elements(other)];
            if (options.numeric) [left, right] = [numeric(left), numeric(right)];
            for (const level of levels) {
                const found = order(left, right, level);
                if (found !== 0) return found;
            }
            return 0;
        };
        return { name, options, compare };
    };
    function Collator(locales, given) {
        const { name, options, compare } = collator(locales, given);
        const self = new.target ? this : Object.create(Collator.prototype);
        hidden(self, "compare", compare);
        hidden(self, "resolvedOptions", () => ({ locale: name, usage: "sort", sensitivity: "variant", ignorePunctuation: false, collation: "default", numeric: false, caseFirst: "false", ...options }));
        return self;
    }
    const usual = collator().compare;

    // --- letters, large and small ------------------------------------------------------------------------------------------
    const LETTERED = /^(tr|az|lt)(-|$)/i;
    const lettered = (locales, action) => {
        const [first] = Array.isArray(locales) ? locales : [locales];
        if (first !== undefined && LETTERED.test(String(first))) refuse(`the letters of the locale "${first}"`);
        return action();
    };

    const methods = (prototype, all) => {
        for (const [name, action] of Object.entries(all)) hidden(prototype, name, action);
    };
    const listed = {
        toLocaleString(locales, options) {
            return Array.from(this, (one) => (one === null || one === undefined ? "" : String(one.toLocaleString(locales, options)))).join(",");
        },
    };
    methods(Number.prototype, { toLocaleString(locales, options) { return NumberFormat(locales, options).format(Number(this)); } });
    methods(BigInt.prototype, { toLocaleString(locales, options) { return NumberFormat(locales, options).format(BigInt(this)); } });
    methods(Array.prototype, listed);
    methods(Object.getPrototypeOf(Uint8Array.prototype), listed);
    // What a date says of itself ends with the name of the zone, which the interpreter leaves out.
    const ZONE = " (Coordinated Universal Time)", { toString, toTimeString } = Date.prototype;
    const named = (text) => (/\)$|^Invalid Date$/.test(text) ? text : text + ZONE);
    methods(Date.prototype, {
        toString() { return named(toString.call(this)); },
        toTimeString() { return named(toTimeString.call(this)); },
        toLocaleString(locales, options) { return shownDate(this, locales, options, "any", "all"); },
        toLocaleDateString(locales, options) { return shownDate(this, locales, options, "date", "date"); },
        toLocaleTimeString(locales, options) { return shownDate(this, locales, options, "time", "time"); },
    });
    methods(String.prototype, {
        localeCompare(other, locales, options) {
            const one = String(this);
            other = String(other);
            return locales === undefined && options === undefined ? usual(one, other) : collator(locales, options).compare(one, other);
        },
        toLocaleUpperCase(locales) { return lettered(locales, () => this.toUpperCase()); },
        toLocaleLowerCase(locales) { return lettered(locales, () => this.toLowerCase()); },
    });
    const supported = { supportedLocalesOf: (locales) => [locales].flat().filter((one) => names.has(String(one).toLowerCase())) };
    const Intl = { NumberFormat, DateTimeFormat, Collator, Locale };
    for (const kind of Object.values(Intl)) Object.assign(kind, supported);
    hidden(Intl, "getCanonicalLocales", (locales) => [locales].flat().map((one) => localeOf([one])));
    hidden(Intl, "supportedValuesOf", (kind) => refuse(`Intl.supportedValuesOf("${String(kind)}")`, `the locales ${Object.keys(data.locales).join(", ")}, the currencies ${data.currencies.join(", ")} and the time zone UTC`));
    hidden(global, "Intl", Intl);
}
