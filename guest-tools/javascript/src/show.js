// How values are shown, as node shows them.
(host, parts) => {
    "use strict";
    const isEnumerable = Object.prototype.propertyIsEnumerable;
    const { targetOf, promiseOf } = host;
    const isIdentifier = (name) => /^[A-Za-z_]\w*$/.test(name);
    const quote = (text) => {
        const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") ? "`" : "'";
        const escaped = text.replace(/[\x00-\x1f\x7f-\x9f\\]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, (c) =>
            c >= "\ud800" ? `\\u${c.charCodeAt(0).toString(16)}` : ({ "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\" })[c]
            ?? "\\x" + c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0"));
        return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
    };
    // How many columns of a terminal a text takes: characters of East Asia and most emoji take two, accents none.
    const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
    const widthOf = (text) => {
        if (/^[\x20-\x7e]*$/.test(text)) return text.length;
        let width = 0;
        for (const one of text.replace(/\x1b\[[\d;]*m/g, "").normalize("NFC")) width += WIDE.test(one) ? 2 : /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u.test(one) ? 0 : 1;
        return width;
    };
    const keyOf = (key) => (typeof key === "symbol" ? `[${String(key)}]` : key === "__proto__" ? "['__proto__']" : isIdentifier(key) ? key : quote(key));
    // A prototype has a constructor, and is nothing that it has made.
    const isOf = (value, kind) => { try { return value instanceof kind; } catch { return false; } };
    const nameOf = (value) => {
        for (let at = value; at; at = Object.getPrototypeOf(at)) {
            const own = Object.getOwnPropertyDescriptor(at, "constructor");
            if (own && typeof own.value === "function" && own.value.name !== "" && isOf(value, own.value)) return own.value.name;
        }
        return null;
    };

    function primitive(value) {
        switch (typeof value) {
            case "string": return quote(value);
            case "bigint": return `${value}n`;
            case "number": return Object.is(value, -0) ? "-0" : String(value);
            default: return String(value);
        }
    }
    // A number with a mark at each thousand, and behind the point at each third digit.
    const separated = (value) => {
        const text = primitive(value), found = /^(-?\d+)(?:\.(\d+))?(n?)$/.exec(text);
        if (!found) return text;
        const [, whole, rest, end] = found;
        return whole.replace(/\B(?=(\d{3})+$)/g, "_") + (rest === undefined ? "" : `.${rest.replace(/(\d{3})(?=\d)/g, "$1_")}`) + end;
    };
    // The colors of a terminal, where they are asked for.
    const COLORS = { string: [32, 39], symbol: [32, 39], number: [33, 39], bigint: [33, 39], boolean: [33, 39], undefined: [90, 39], null: [1, 22], special: [36, 39], date: [35, 39], regexp: [31, 39] };
    const colored = (context, kind, text) => (context.colors ? `\x1b[${COLORS[kind][0]}m${text}\x1b[${COLORS[kind][1]}m` : text);
    const plain = (text) => text.replace(/\x1b\[[\d;]*m/g, "");
    const simple = (context, value) => colored(context, value === null ? "null" : typeof value, (context.numericSeparator && typeof value !== "symbol" ? separated : primitive)(value));
    // As node tells a class by its text: not where it extends what is called.
    const isClass = (value) => {
        const text = Function.prototype.toString.call(value);
        if (!text.startsWith("class") || !text.endsWith("}")) return false;
        const inside = text.slice(5, -1), open = inside.indexOf("{");
        return open >= 0 && (!inside.slice(0, open).includes("(") || /^(\s+[^(]*?)\s*{/.test(inside.replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, "")));
    };

    // A text, its lines below each other where it has many and is long.
    function quoted(context, value) {
        const left = value.length - context.maxStringLength, text = left > 0 ? value.slice(0, context.maxStringLength) : value;
        const isLong = context.compact !== true && text.length > 16 && text.length > context.breakLength - context.indentation - 4;
        const lines = (isLong ? text.split(/(?<=\n)/) : [text]).map((line) => colored(context, "string", quote(line)));
        return lines.join(` +\n${" ".repeat(context.indentation + 2)}`) + (left > 0 ? `... ${left} more character${left > 1 ? "s" : ""}` : "");
    }

    function show(context, value, level, isTyped) {
        if (typeof value === "string") return quoted(context, value);
        if (value === null || (typeof value !== "object" && typeof value !== "function")) return simple(context, value);
        const given = value, target = targetOf(value);
        if (target === null) return colored(context, "special", "<Revoked Proxy>");
        if (target !== undefined) {
            if (context.showProxy) return pair(context, value, target, level);
            value = target;
            for (let next = targetOf(value); next; next = targetOf(value)) value = next;
        }
        const custom = value[inspect.custom];
        if (typeof custom === "function" && context.customInspect && custom !== inspect && Object.getOwnPropertyDescriptor(value, "constructor")?.value?.prototype !== value) {
            const shown = custom.call(given, context.hasNoDepth ? null : context.depth - level, optionsOf(context), inspect);
            if (shown !== given) {
                const text = typeof shown === "object" && shown !== null ? show(context, shown, level) : String(shown);
                return text.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
            }
        }
        if (context.seen.includes(value)) {
            if (!context.circular.has(value)) context.circular.set(value, context.circular.size + 1);
            return colored(context, "special", `[Circular *${context.circular.get(value)}]`);
        }
        return raw(context, value, level, isTyped);
    }

    // A Proxy where it is asked for: what it stands for, and what its traps are of.
    function pair(context, proxy, target, level) {
        if (level > context.depth) return colored(context, "special", "Proxy [Array]");
        const shown = within(context, 2, () => [target, host.handlerOf(proxy)].map((one) => show(context, one, level + 1)));
        return joined(context, shown, "", ["Proxy [", "]"], true, level, shown);
    }
    // What a value's own way of showing it is given.
    const optionsOf = (context) => {
        const options = { stylize: (text, kind) => (Object.hasOwn(COLORS, kind) ? colored(context, kind, String(text)) : String(text)) };
        for (const name of [...Object.keys(SIMPLE), "depth"]) options[name] = context[name];
        return context.hasNoDepth ? { ...options, depth: null } : options;
    };

    // A promise says what it has, or that it waits.
    const settled = (context, [isRejected, held], length, level) => {
        if (length === 0) return colored(context, "special", "<pending>");
        const text = within(context, 2, () => show(context, held, level + 1));
        return isRejected ? `${colored(context, "special", "<rejected>")} ${text}` : text;
    };
    // The first of what there may be very much of, and how much more there is.
    const some = (context, size, values, shown) => within(context, 2, () => {
        const output = [], most = Math.min(Math.max(0, context.maxArrayLength), size), left = size - most;
        for (const one of values) {
            if (output.length >= most) break;
            output.push(shown(one));
        }
        if (left > 0) output.push(`... ${left} more item${left > 1 ? "s" : ""}`);
        return output;
    });

    function raw(context, value, level) {
        const constructor = nameOf(value);
        const tag = value[Symbol.toStringTag];
        const tagged = typeof tag === "string" && tag !== "" && tag !== constructor && !isEnumerable.call(value, Symbol.toStringTag) ? `[${tag}] ` : "";
        const prefix = (fallback, size) => {
            const name = constructor === null ? `[${fallback}${size ?? ""}: null prototype] ` : `${constructor}${size ?? ""} `;
            return name + tagged;
        };
        let keys = context.showHidden ? Reflect.ownKeys(value) : Object.keys(value).concat(Object.getOwnPropertySymbols(value).filter((symbol) => isEnumerable.call(value, symbol)));
        let base = "", braces = ["{", "}"], entries = null, isList = false;
        if (Array.isArray(value)) {
            keys = keys.filter((key) => typeof key === "symbol" || !/^(0|[1-9]\d*)$/.test(key));
            if (constructor !== "Array" || tagged) braces[0] = `${prefix("Array", `(${value.length})`)}[`;
            else braces[0] = "[";
            braces[1] = "]";
            isList = true;
            if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
            entries = () => arrayEntries(context, value, level);
        } else if (value instanceof Set) {
            braces[0] = `${prefix("Set", `(${value.size})`)}{`;
            entries = () => some(context, value.size, value, (one) => show(context, one, level + 1));
            if (value.size === 0 && keys.length === 0) return `${braces[0]}}`;
        } else if (value instanceof Map) {
            braces[0] = `${prefix("Map", `(${value.size})`)}{`;
            entries = () => some(context, value.size, value, ([key, one]) => `${show(context, key, level + 1)} => ${show(context, one, level + 1)}`);
            if (value.size === 0 && keys.length === 0) return `${braces[0]}}`;
        } else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
            keys = keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
            braces = [`${prefix("TypedArray", `(${value.length})`)}[`, "]"];
            isList = true;
            if (value.length === 0 && keys.length === 0 && !context.showHidden) return `${braces[0]}]`;
            entries = () => [...arrayEntries(context, value, level), ...(context.showHidden ? ofView(context, value, level) : [])];
        } else if (typeof value === "function") {
            const kind = nameOf(value) ?? "Function";
            base = isClass(value)
                ? `[class ${value.name || "(anonymous)"}${Object.getPrototypeOf(value)?.name ? ` extends ${Object.getPrototypeOf(value).name}` : ""}]`
                : `[${kind}${value.name ? `: ${value.name}` : " (anonymous)"}]`;
            if (keys.length === 0) return colored(context, "special", base);
        } else if (value instanceof RegExp) {
            base = named(prefix("RegExp"), "RegExp ") + RegExp.prototype.toString.call(value);
            if (keys.length === 0) return colored(context, "regexp", base);
        } else if (value instanceof Date) {
            base = named(prefix("Date"), "Date ") + (Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString());
            if (keys.length === 0) return colored(context, "date", base);
        } else if (value instanceof Error) {
            const text = writtenError(value);
            keys = keys.filter((key) => !(["name", "message", "stack"].includes(key) && text.includes(String(value[key]))));
            base = improved(text, constructor, String(value.name ?? "Error"), prefix("Error").slice(0, -1));
            if (!base.includes("\n    at", base.indexOf(String(value.message)) + String(value.message).length)) base = `[${base}]`;
            base = base.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
            if (!keys.includes("cause") && Object.hasOwn(value, "cause")) keys.push("cause");
            if (Array.isArray(value.errors) && !keys.includes("errors") && Object.hasOwn(value, "errors")) keys.push("errors");
            if (keys.length === 0) return base;
        } else if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
            braces[0] = `${prefix("ArrayBuffer")}{`;
            entries = () => [contents(context, value)];
            keys.unshift("byteLength");
        } else if (value instanceof DataView) {
            braces[0] = `${prefix("DataView")}{`;
            keys.unshift("byteLength", "byteOffset", "buffer");
        } else if (value instanceof Promise && promiseOf(value)) {
            const state = promiseOf(value);
            braces[0] = `${prefix("Promise")}{`;
            entries = () => [settled(context, state, state.length, level)];
        } else if (value instanceof WeakSet || value instanceof WeakMap) {
            braces[0] = `${prefix("Weak")}{`;
            entries = () => [colored(context, "special", "<items unknown>")];
        } else if (boxed(value)) {
            const inside = boxed(value).prototype.valueOf.call(value), kind = boxed(value).name;
            base = `[${kind}${kind === constructor ? "" : ` (${constructor ?? "null prototype"})`}: ${primitive(inside)}]${kind === tag ? "" : tagged && ` ${tagged.slice(0, -1)}`}`;
            keys = keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
            if (keys.length === 0) return colored(context, typeof inside, base);
        } else if (Object.prototype.toString.call(value) === "[object Arguments]") {
            braces = ["[Arguments] [", "]"];
            keys = keys.filter((key) => !/^\d+$/.test(key));
            isList = true;
            entries = () => arrayEntries(context, Array.from(value), level);
        } else {
            const isGenerator = /Generator|Iterator/.test(tag ?? "");
            if (isGenerator) braces[0] = `Object ${`[${tag}] `}{`;
            else if (constructor !== "Object" || tagged) braces[0] = `${prefix("Object")}{`;
            if (keys.length === 0) return `${braces[0]}}`;
        }
        if (level > context.depth) {
            const name = (nameOf(value) ?? "Object: null prototype") + (tagged ? ` ${tagged.trim()}` : "");
            return colored(context, "special", Array.isArray(value) ? "[Array]" : `[${name}]`);
        }
        context.seen.push(value);
        context.current = level;
        const output = entries ? entries() : [];
        for (const key of keys) output.push(property(context, value, key, level, isList));
        context.seen.pop();
        if (context.sorted && !isList) output.sort(typeof context.sorted === "function" ? context.sorted : undefined);
        if (context.circular.has(value)) {
            const mark = colored(context, "special", `<ref *${context.circular.get(value)}>`);
            if (base === "") braces[0] = `${mark} ${braces[0]}`;
            else base = `${mark} ${base}`;
        }
        return joined(context, output, base, braces, isList, level, value);
    }

    // What is hidden of a view of bytes.
    const ofView = (context, value, level) => within(context, 2, () => ["BYTES_PER_ELEMENT", "length", "byteLength", "byteOffset", "buffer"].map((key) =>
        `[${key}]: ${key === "buffer" ? `${nameOf(value.buffer)} { byteLength: ${simple(context, value.byteLength)} }` : show(context, value[key], level + 1)}`));
    const named = (prefix, usual) => (prefix === usual ? "" : prefix);
    const BOXES = [Number, String, Boolean, Symbol, BigInt];
    // The kind of primitive that an object holds.
    const boxed = (value) => BOXES.find((kind) => {
        try { if (value instanceof kind) { kind.prototype.valueOf.call(value); return true; } } catch { /* it only inherits from one */ }
        return false;
    });

    function contents(context, buffer) {
        const most = Math.min(context.maxArrayLength, buffer.byteLength), left = buffer.byteLength - most;
        const bytes = Array.from(new Uint8Array(buffer, 0, most), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
        return `${colored(context, "special", "[Uint8Contents]")}: <${bytes}${left > 0 ? ` ... ${left} more byte${left > 1 ? "s" : ""}` : ""}>`;
    }

    function arrayEntries(context, value, level) {
        const output = [], most = Math.min(context.maxArrayLength, value.length);
        let i = 0;
        while (i < value.length && output.length < most) {
            if (Object.hasOwn(value, i)) {
                const at = i++;
                output.push(within(context, 2, () => show(context, value[at], level + 1)));
            } else {
                const from = i;
                while (i < value.length && !Object.hasOwn(value, i)) i++;
                output.push(colored(context, "undefined", `<${i - from} empty item${i - from > 1 ? "s" : ""}>`));
            }
        }
        const left = value.length - i;
        if (left > 0) output.push(`... ${left} more item${left > 1 ? "s" : ""}`);
        context.more = left > 0;
        return output;
    }

    // Shows what stands further to the right.
    const within = (context, columns, action) => {
        context.indentation += columns;
        try { return action(); } finally { context.indentation -= columns; }
    };
    function property(context, value, key, level, isList) {
        const described = Object.getOwnPropertyDescriptor(value, key) ?? { value: value[key] };
        let text;
        if (described.get) text = got(context, value, described, level);
        else if (described.set) text = colored(context, "special", "[Setter]");
        else {
            const indented = context.compact === true && !isList ? 3 : 2;
            text = within(context, indented, () => show(context, described.value, level + 1));
            if (indented === 3 && context.breakLength < (context.colors ? plain(text) : text).length) text = `\n${" ".repeat(context.indentation + indented)}${text}`;
        }
        if (described.enumerable === false) return `[${String(key)}]: ${text}`;
        return `${shownKey(context, key)}:${text.startsWith("\n") ? "" : " "}${text}`;
    }

    const shownKey = (context, key) => (!context.colors ? keyOf(key) : typeof key === "symbol" ? `[${colored(context, "symbol", String(key))}]` : isIdentifier(key) ? key : colored(context, "string", quote(key)));
    // What a getter is, and what it answers where that is asked for: of all, or of those with or without a setter.
    function got(context, value, { get, set }, level) {
        const name = set ? "Getter/Setter" : "Getter", { getters } = context;
        if (!(getters === true || (getters === "get" && !set) || (getters === "set" && set))) return colored(context, "special", `[${name}]`);
        const mark = (text) => colored(context, "special", text);
        try {
            const answer = get.call(value);
            if (answer === null || typeof answer !== "object") return `${mark(`[${name}:`)} ${simple(context, answer)}${mark("]")}`;
            return `${mark(`[${name}]`)} ${within(context, 2, () => show(context, answer, level + 1))}`;
        } catch (error) {
            return `${mark(`[${name}:`)} <Inspection threw (${error.message})>${mark("]")}`;
        }
    }

    function joined(context, output, base, braces, isList, level, value) {
        const entries = output.length, { breakLength, compact } = context;
        const isShort = (start) => {
            let length = output.length + start;
            if (length + output.length > breakLength) return false;
            for (const one of output) length += (context.colors ? plain(one) : one).length;
            return length <= breakLength && !base.includes("\n");
        };
        if (compact === true) {
            const line = `\n${" ".repeat(context.indentation)}`;
            if (isShort(0)) return `${braces[0]}${base ? ` ${base}` : ""} ${output.join(", ")} ${braces[1]}`;
            const first = base === "" && braces[0].length === 1 ? " " : `${base ? ` ${base}` : ""}${line}  `;
            return `${braces[0]}${first}${output.join(`,${line}  `)} ${braces[1]}`;
        }
        if (isList && compact !== false && entries > 6) output = grouped(context, output, value);
        if (compact !== false && context.current - level < compact && entries === output.length) {
            const start = output.length + context.indentation + braces[0].length + base.length + 10;
            const text = output.join(", ");
            if (isShort(start) && !text.includes("\n")) return `${base ? `${base} ` : ""}${braces[0]} ${text} ${braces[1]}`;
        }
        const indent = `\n${" ".repeat(context.indentation)}`;
        return `${base ? `${base} ` : ""}${braces[0]}${indent}  ${output.join(`,${indent}  `)}${indent}${braces[1]}`;
    }

    // Short entries of a long array stand in columns.
    function grouped(context, output, value) {
        let total = 0, longest = 0;
        const count = context.more ? output.length - 1 : output.length;
        const lengths = [];
        for (let i = 0; i < count; i++) {
            lengths.push(widthOf(output[i]));
            total += lengths[i] + 2;
            longest = Math.max(longest, lengths[i]);
        }
        const widest = longest + 2;
        if (!(widest * 3 + context.indentation < context.breakLength && (total / widest > 5 || longest <= 6))) return output;
        const bias = Math.sqrt(widest - total / output.length), biased = Math.max(widest - 3 - bias, 1);
        const columns = Math.min(Math.round(Math.sqrt(2.5 * biased * count) / biased),
            Math.floor((context.breakLength - context.indentation) / widest), context.compact * 4, 15);
        if (columns <= 1) return output;
        const widths = [];
        for (let i = 0; i < columns; i++) {
            let width = 0;
            for (let j = i; j < count; j += columns) width = Math.max(width, lengths[j]);
            widths.push(width + 2);
        }
        const isNumeric = Array.prototype.every.call(value, (one) => typeof one === "number" || typeof one === "bigint");
        const lines = [];
        for (let i = 0; i < count; i += columns) {
            const end = Math.min(i + columns, count);
            let line = "", j = i;
            for (; j < end - 1; j++) {
                const cell = `${output[j]}, `;
                const columns = widths[j - i] + output[j].length - lengths[j];
                line += isNumeric ? cell.padStart(columns) : cell.padEnd(columns);
            }
            line += isNumeric ? output[j].padStart(widths[j - i] - 2 + output[j].length - lengths[j]) : output[j];
            lines.push(line);
        }
        if (count < output.length) lines.push(output[count]);
        return lines;
    }

    const headOf = (error) => {
        const name = String(error.name ?? "Error"), message = String(error.message ?? "");
        return message === "" ? name : name === "" ? message : `${name}: ${message}`;
    };
    // The interpreter's own stack has frames alone; in node it begins with what was thrown.
    const accessor = Object.getOwnPropertyDescriptor(Error.prototype, "stack");
    const written = (error) => String((accessor?.get && !Object.hasOwn(error, "stack") ? accessor.get.call(error) : error.stack) ?? "");
    // An error comes from where its class was called: what its constructors call is none of its stack.
    const stackOf = (error) => {
        const lines = written(error).split("\n"), classes = new Set();
        for (let at = Object.getPrototypeOf(error); at && at !== Error.prototype; at = Object.getPrototypeOf(at)) classes.add(Object.getOwnPropertyDescriptor(at, "constructor")?.value?.name);
        const from = lines.findIndex((line) => !classes.has(/^\s+at (?:new )?([\w$]+) \(/.exec(line)?.[1]));
        return (from > 0 ? lines.slice(from) : lines).join("\n");
    };
    const frames = (error) => stackOf(error).split("\n").filter((line) =>
        /^\s+at /.test(line) && !/\(native\)|stockade:prelude|<input>/.test(line)).map((line) =>
        line.trimEnd().replace(/at <eval> \((.*)\)$/, "at $1"));
    const shownError = (error) => [headOf(error), ...frames(error)].join("\n");
    // A stack that code has written is what it has written.
    const writtenError = (error) => {
        const own = Object.getOwnPropertyDescriptor(error, "stack");
        if (own && "value" in own && !own.value) return headOf(error);
        return typeof own?.value === "string" && !/^\s+at /.test(own.value) ? own.value : shownError(error);
    };
    // An error of a class that has no name of its own for its errors is shown with that of the class.
    const improved = (text, constructor, name, prefix) => {
        if (constructor === null) {
            const start = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(text) ?? /^([a-z_A-Z0-9-]*Error)$/.exec(text);
            return renamed(text, name, `[${start?.[1] || "Error"}: null prototype]`, start?.[1].length ?? 0);
        }
        const isUsual = name.endsWith("Error") && text.startsWith(name) && (text.length === name.length || ":\n".includes(text[name.length]));
        return isUsual ? renamed(text, name, prefix, name.length) : text;
    };
    const renamed = (text, name, prefix, length) => {
        if (name === prefix) return text;
        if (!prefix.includes(name)) return `${prefix} [${name}]${text.slice(length)}`;
        return length === 0 ? `${prefix}: ${text}` : `${prefix}${text.slice(length)}`;
    };

    const SIMPLE = { breakLength: 80, compact: 3, sorted: false, maxArrayLength: 100, maxStringLength: 10000, getters: false, showHidden: false, colors: false, showProxy: false, customInspect: true, numericSeparator: false };
    if (accessor?.get) {
        const get = function () { const raw = accessor.get.call(this); return typeof raw === "string" ? shownError(this) : raw; };
        const set = function (stack) {
            if (typeof stack === "string") accessor.set.call(this, stack);
            else Object.defineProperty(this, "stack", { value: stack, writable: true, enumerable: false, configurable: true });
        };
        Object.defineProperty(Error.prototype, "stack", { get, set, configurable: true });
    }
    const capture = Error.captureStackTrace;
    const captureStackTrace = (target, above) => {
        capture(target, above);
        const own = Object.getOwnPropertyDescriptor(target, "stack");
        if (typeof own?.value === "string") Object.defineProperty(target, "stack", { ...own, value: shownError(target) });
    };
    if (capture) Object.defineProperty(Error, "captureStackTrace", { value: captureStackTrace, writable: true, configurable: true });

    function inspect(value, options, shown) {
        // The older way: whether to show what is hidden, and how deep.
        const given = typeof options === "object" && options !== null ? options : { showHidden: Boolean(options), ...(shown !== undefined && { depth: shown }) };
        const usual = inspect.defaultOptions, most = (name) => { const set = given[name] === undefined ? usual[name] : given[name]; return set === null ? Infinity : set; };
        const depth = most("depth");
        const context = { ...usual, ...given, maxArrayLength: most("maxArrayLength"), maxStringLength: most("maxStringLength"),
            depth, hasNoDepth: given.depth === null || (given.depth === undefined && usual.depth === null), seen: [], circular: new Map(), indentation: 0, current: 0, more: false };
        return show(context, value, 0);
    }
    // What node shows of an uncaught error after its stack, where it has a cause or holds other errors.
    const more = (error) => (Object.hasOwn(error, "cause") || Object.hasOwn(error, "errors") ? inspect(error).slice(shownError(error).length) : "");
    inspect.custom = Symbol.for("nodejs.util.inspect.custom");
    // What code may set for all that is shown from then on.
    let usually = { ...SIMPLE, depth: 2 };
    Object.defineProperty(inspect, "defaultOptions", { get: () => usually, set: (options) => { Object.assign(usually, options); }, enumerable: true });

    // Whether a value has a `toString` that code gave to it.
    const BUILT_IN = new Set(Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z][a-zA-Z0-9]+$/.test(name)));
    const hasOwnText = (value) => {
        if (typeof value.toString !== "function") return false;
        if (Object.hasOwn(value, "toString")) return true;
        let at = value;
        do { at = Object.getPrototypeOf(at); } while (at && !Object.hasOwn(at, "toString"));
        const made = at && Object.getOwnPropertyDescriptor(at, "constructor")?.value;
        return !(typeof made === "function" && BUILT_IN.has(made.name));
    };
    const text = (value) => {
        if (typeof value === "bigint" || Object.is(value, -0)) return primitive(value);
        return typeof value === "object" && value !== null && !hasOwnText(value) ? inspect(value, { depth: 0 }) : String(value);
    };
    const number = (value, read) => (typeof value === "bigint" && read !== parseFloat ? `${value}n` : typeof value === "symbol" ? "NaN" : primitive(read(value)));

    // The JSON of a value; a cycle has none, and makes no error.
    const asJson = (value) => {
        try { return parts.json.stringify(value); } catch (error) {
            if (/circular/.test(error?.message)) return "[Circular]";
            throw error;
        }
    };

    const format = (...values) => formatted(undefined, values);
    format.with = (options, ...values) => formatted(options, values);
    function formatted(options, values) {
        if (values.length === 0) return "";
        let [first, ...rest] = values;
        if (typeof first === "string" && rest.length > 0) {
            first = first.replace(/%[sdifjoOc%]/g, (mark) => {
                if (mark === "%%") return "%";
                if (rest.length === 0) return mark;
                const value = rest.shift();
                switch (mark) {
                    case "%s": return text(value);
                    case "%d": return number(value, Number);
                    case "%i": return number(value, (one) => parseInt(one));
                    case "%f": return number(value, parseFloat);
                    case "%j": return asJson(value);
                    case "%c": return "";
                    case "%O": return inspect(value, options);
                    default: return inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 });
                }
            });
        }
        return [first, ...rest].map((one) => (typeof one === "string" ? one : inspect(one, options))).join(" ");
    }

    return { inspect, format, frames, stackOf, more, widthOf };
}
