// What agent-written code expects to find around it, beyond the language. Evaluated once, when the component is built:
// nothing here may look at the clock, at chance, or at a file before a cell runs.
(host) => {
    "use strict";
    const global = globalThis;
    const hidden = (object, name, value) =>
        Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
    const { stringify, parse } = JSON;

    // --- chance and time ------------------------------------------------------------------------------------------
    hidden(Math, "random", host.random);
    const bytes = (array) => {
        for (let i = 0; i < array.length; i++) array[i] = Math.floor(host.random() * 256);
        return array;
    };
    const crypto = {
        getRandomValues(array) {
            bytes(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
            return array;
        },
        randomUUID() {
            const b = bytes(new Uint8Array(16));
            b[6] = (b[6] & 15) | 64;
            b[8] = (b[8] & 63) | 128;
            const hex = Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
            return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
        },
    };
    hidden(global, "crypto", crypto);
    hidden(global, "performance", { now: () => host.now(), timeOrigin: 0 });

    // --- timers: nothing waits, all comes in its order ------------------------------------------------------------
    let timers = [], timer = 0, time = 0;
    const later = (action, after, rest, every) => {
        if (typeof action !== "function") throw new TypeError('The "callback" argument must be of type function');
        const at = time + Math.max(Number(after) || 0, 1);
        timers.push({ id: ++timer, at, action, rest, every });
        return timer;
    };
    hidden(global, "setTimeout", (action, after, ...rest) => later(action, after, rest));
    hidden(global, "setInterval", (action, after, ...rest) => later(action, after, rest, Math.max(Number(after) || 0, 1)));
    hidden(global, "setImmediate", (action, ...rest) => later(action, 0, rest));
    const clear = (id) => { timers = timers.filter((other) => other.id !== id); };
    for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) hidden(global, name, clear);
    const jobs = Promise.resolve();
    hidden(global, "queueMicrotask", (action) => { jobs.then(action); });

    // Runs the next timer, and returns whether there was one; an interval ends with the cell's value.
    const tick = (isSettled) => {
        if (isSettled) timers = timers.filter((one) => one.every === undefined);
        if (timers.length === 0) return false;
        const next = timers.reduce((one, other) => (other.at < one.at ? other : one));
        time = next.at;
        if (next.every === undefined) clear(next.id);
        else next.at = time + next.every;
        next.action(...next.rest);
        return true;
    };

    // --- how values are shown, as node shows them -------------------------------------------------------------------
    const isIdentifier = (name) => /^[A-Za-z_$][\w$]*$/.test(name);
    const quote = (text) => {
        const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") ? "`" : "'";
        const escaped = text.replace(/[\x00-\x1f\x7f-\x9f\\]/g, (c) =>
            ({ "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\" })[c]
            ?? "\\x" + c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0"));
        return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
    };
    const keyOf = (key) => (typeof key === "symbol" ? `[${String(key)}]` : isIdentifier(key) ? key : quote(key));
    const nameOf = (value) => {
        for (let at = value; at; at = Object.getPrototypeOf(at)) {
            const own = Object.getOwnPropertyDescriptor(at, "constructor");
            if (own && typeof own.value === "function" && own.value.name !== "") return own.value.name;
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

    function show(context, value, level, isTyped) {
        if (value === null || (typeof value !== "object" && typeof value !== "function")) return primitive(value);
        const custom = value[inspect.custom];
        if (typeof custom === "function") {
            const shown = custom.call(value, context.depth - level, context, inspect);
            return typeof shown === "string" ? shown : show(context, shown, level);
        }
        if (context.seen.includes(value)) {
            if (!context.circular.has(value)) context.circular.set(value, context.circular.size + 1);
            return `[Circular *${context.circular.get(value)}]`;
        }
        return raw(context, value, level, isTyped);
    }

    function raw(context, value, level) {
        const constructor = nameOf(value);
        const tag = value[Symbol.toStringTag];
        const tagged = typeof tag === "string" && tag !== "" && tag !== constructor ? `[${tag}] ` : "";
        const prefix = (fallback, size) => {
            const name = constructor === null ? `[${fallback}${size ?? ""}: null prototype] ` : `${constructor}${size ?? ""} `;
            return name + tagged;
        };
        let keys = Object.keys(value).concat(Object.getOwnPropertySymbols(value).filter((symbol) =>
            Object.prototype.propertyIsEnumerable.call(value, symbol)));
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
            entries = () => Array.from(value, (one) => show(context, one, level + 1));
            if (value.size === 0 && keys.length === 0) return `${braces[0]}}`;
        } else if (value instanceof Map) {
            braces[0] = `${prefix("Map", `(${value.size})`)}{`;
            entries = () => Array.from(value, ([key, one]) =>
                `${show(context, key, level + 1)} => ${show(context, one, level + 1)}`);
            if (value.size === 0 && keys.length === 0) return `${braces[0]}}`;
        } else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
            keys = keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
            braces = [`${prefix("TypedArray", `(${value.length})`)}[`, "]"];
            isList = true;
            if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
            entries = () => arrayEntries(context, value, level);
        } else if (typeof value === "function") {
            const isClass = Function.prototype.toString.call(value).startsWith("class");
            const kind = nameOf(value) ?? "Function";
            base = isClass
                ? `[class ${value.name || "(anonymous)"}${Object.getPrototypeOf(value)?.name ? ` extends ${Object.getPrototypeOf(value).name}` : ""}]`
                : `[${kind}${value.name ? `: ${value.name}` : " (anonymous)"}]`;
            if (keys.length === 0) return base;
        } else if (value instanceof RegExp) {
            base = RegExp.prototype.toString.call(value);
            if (keys.length === 0) return base;
        } else if (value instanceof Date) {
            base = Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
            if (keys.length === 0) return base;
        } else if (value instanceof Error) {
            keys = keys.filter((key) => key !== "stack" && key !== "message" && key !== "name");
            base = shownError(value);
            if (value.cause !== undefined && !keys.includes("cause") && Object.hasOwn(value, "cause")) keys.push("cause");
            if (keys.length === 0) return base;
        } else if (value instanceof Promise) {
            braces[0] = `${prefix("Promise")}{`;
        } else if (value instanceof WeakSet || value instanceof WeakMap) {
            return `${prefix("Weak")}{ <items unknown> }`;
        } else if (value instanceof Number || value instanceof String || value instanceof Boolean) {
            base = `[${nameOf(value)}: ${primitive(value.valueOf())}]`;
            keys = keys.filter((key) => typeof key === "symbol" || !/^\d+$/.test(key));
            if (keys.length === 0) return base;
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
            return Array.isArray(value) ? "[Array]" : `[${name}]`;
        }
        context.seen.push(value);
        context.current = level;
        const output = entries ? entries() : [];
        for (const key of keys) output.push(property(context, value, key, level, isList));
        context.seen.pop();
        if (context.circular.has(value)) {
            const mark = `<ref *${context.circular.get(value)}>`;
            if (base === "") braces[0] = `${mark} ${braces[0]}`;
            else base = `${mark} ${base}`;
        }
        return joined(context, output, base, braces, isList, level, value);
    }

    function arrayEntries(context, value, level) {
        const output = [], most = Math.min(100, value.length);
        let i = 0;
        while (i < value.length && output.length < most) {
            if (Object.hasOwn(value, i)) {
                output.push(show(context, value[i], level + 1));
                i++;
            } else {
                const from = i;
                while (i < value.length && !Object.hasOwn(value, i)) i++;
                output.push(`<${i - from} empty item${i - from > 1 ? "s" : ""}>`);
            }
        }
        const left = value.length - i;
        if (left > 0) output.push(`... ${left} more item${left > 1 ? "s" : ""}`);
        context.more = left > 0;
        return output;
    }

    function property(context, value, key, level, isList) {
        const described = Object.getOwnPropertyDescriptor(value, key) ?? { value: value[key] };
        let text;
        if (described.get) text = described.set ? "[Getter/Setter]" : "[Getter]";
        else if (described.set) text = "[Setter]";
        else {
            const indented = isList ? 2 : 2;
            context.indentation += indented;
            text = show(context, described.value, level + 1);
            context.indentation -= indented;
        }
        if (described.enumerable === false) return `[${String(key)}]: ${text}`;
        return `${keyOf(key)}: ${text}`;
    }

    function joined(context, output, base, braces, isList, level, value) {
        const entries = output.length;
        if (isList && entries > 6) output = grouped(context, output, value);
        if (context.current - level < 3 && entries === output.length) {
            const start = output.length + context.indentation + braces[0].length + base.length + 10;
            let length = output.length + start;
            for (const one of output) length += one.length;
            const text = output.join(", ");
            if (length <= 80 && !text.includes("\n") && !base.includes("\n")) {
                return `${base ? `${base} ` : ""}${braces[0]} ${text} ${braces[1]}`;
            }
        }
        const indent = `\n${" ".repeat(context.indentation)}`;
        return `${base ? `${base} ` : ""}${braces[0]}${indent}  ${output.join(`,${indent}  `)}${indent}${braces[1]}`;
    }

    // Short entries of a long array stand in columns.
    function grouped(context, output, value) {
        let total = 0, longest = 0;
        const count = context.more && value.length > 100 ? output.length - 1 : output.length;
        const lengths = [];
        for (let i = 0; i < count; i++) {
            lengths.push(output[i].length);
            total += output[i].length + 2;
            longest = Math.max(longest, output[i].length);
        }
        const widest = longest + 2;
        if (!(widest * 3 + context.indentation < 80 && (total / widest > 5 || longest <= 6))) return output;
        const bias = Math.sqrt(widest - total / output.length), biased = Math.max(widest - 3 - bias, 1);
        const columns = Math.min(Math.round(Math.sqrt(2.5 * biased * count) / biased),
            Math.floor((80 - context.indentation) / widest), 12, 15);
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
                line += isNumeric ? cell.padStart(widths[j - i]) : cell.padEnd(widths[j - i]);
            }
            line += isNumeric ? output[j].padStart(widths[j - i] - 2) : output[j];
            lines.push(line);
        }
        if (count < output.length) lines.push(output[count]);
        return lines;
    }

    const headOf = (error) => {
        const name = String(error.name ?? "Error"), message = String(error.message ?? "");
        return message === "" ? name : name === "" ? message : `${name}: ${message}`;
    };
    const frames = (error) => String(error.stack ?? "").split("\n").filter((line) =>
        /^\s+at /.test(line) && !/\(native\)|stockade:prelude|<input>/.test(line)).map((line) =>
        line.trimEnd().replace(/at <eval> \((.*)\)$/, "at $1"));
    const shownError = (error) => [headOf(error), ...frames(error)].join("\n");

    function inspect(value, options) {
        const depth = options?.depth === null ? Infinity : options?.depth ?? 2;
        const context = { depth, seen: [], circular: new Map(), indentation: 0, current: 0, more: false };
        return show(context, value, 0);
    }
    inspect.custom = Symbol.for("nodejs.util.inspect.custom");

    function format(first, ...rest) {
        if (typeof first === "string" && rest.length > 0) {
            first = first.replace(/%[sdifjoOc%]/g, (mark) => {
                if (mark === "%%") return "%";
                if (rest.length === 0) return mark;
                const value = rest.shift();
                switch (mark) {
                    case "%s": return typeof value === "object" && value !== null ? inspect(value, { depth: 0 }) : typeof value === "bigint" ? `${value}n` : String(value);
                    case "%d": return typeof value === "object" ? "NaN" : String(Number(value));
                    case "%i": return String(parseInt(value, 10));
                    case "%f": return String(parseFloat(value));
                    case "%j": return stringify(value);
                    case "%c": return "";
                    default: return inspect(value, { depth: 4 });
                }
            });
        }
        return [first, ...rest].map((one) => (typeof one === "string" ? one : inspect(one))).join(" ");
    }

    // --- the console ------------------------------------------------------------------------------------------------
    let group = "";
    const counts = new Map(), begun = new Map();
    const print = (isError) => (...values) => {
        const text = values.length === 0 ? "" : format(...values);
        host.print((group === "" ? text : group + text.replaceAll("\n", `\n${group}`)) + "\n", isError);
    };
    const out = print(false), err = print(true);
    const console = {
        log: out, info: out, debug: out, warn: err, error: err,
        trace: (...values) => err("Trace:", ...values),
        dir: (value, options) => out(inspect(value, options)),
        assert: (holds, ...values) => { if (!holds) err("Assertion failed" + (values.length ? ":" : ""), ...values); },
        group: (...values) => { if (values.length) out(...values); group += "  "; },
        groupEnd: () => { group = group.slice(2); },
        count: (label = "default") => { counts.set(label, (counts.get(label) ?? 0) + 1); out(`${label}: ${counts.get(label)}`); },
        countReset: (label = "default") => { counts.delete(label); },
        time: (label = "default") => { begun.set(label, host.now()); },
        timeEnd: (label = "default") => { out(`${label}: ${(host.now() - (begun.get(label) ?? 0)).toFixed(3)}ms`); },
        timeLog: (label = "default") => { out(`${label}: ${(host.now() - (begun.get(label) ?? 0)).toFixed(3)}ms`); },
        table,
    };
    console.groupCollapsed = console.group;
    hidden(global, "console", console);
    hidden(global, "print", out);

    function table(rows, only) {
        if (rows === null || typeof rows !== "object") return out(rows);
        const columns = only ? [...only] : [], lines = [];
        let hasValues = false;
        for (const [index, row] of rows instanceof Map ? rows : Object.entries(rows)) {
            const isObject = row !== null && typeof row === "object";
            if (isObject && !only) for (const key of Object.keys(row)) if (!columns.includes(key)) columns.push(key);
            if (!isObject) hasValues = true;
            lines.push([index, row, isObject]);
        }
        const cell = (value) => inspect(value, { depth: 0 });
        const head = ["(index)", ...columns, ...(hasValues ? ["Values"] : [])];
        const body = lines.map(([index, row, isObject]) => [String(index),
            ...columns.map((key) => (isObject && Object.hasOwn(row, key) ? cell(row[key]) : "")),
            ...(hasValues ? [isObject ? "" : cell(row)] : [])]);
        const widths = head.map((text, i) => Math.max(text.length, ...body.map((row) => row[i].length)) + 2);
        const rule = (left, middle, right) => left + widths.map((width) => "─".repeat(width)).join(middle) + right;
        const line = (row) => "│" + row.map((text, i) => ` ${text}`.padEnd(widths[i])).join("│") + "│";
        out([rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("└", "┴", "┘")].join("\n"));
    }

    // --- text and copies --------------------------------------------------------------------------------------------
    class TextEncoder {
        get encoding() { return "utf-8"; }
        encode(text = "") {
            const escaped = encodeURIComponent(String(text).toWellFormed());
            const list = [];
            for (let i = 0; i < escaped.length; i++) {
                if (escaped[i] === "%") { list.push(parseInt(escaped.slice(i + 1, i + 3), 16)); i += 2; }
                else list.push(escaped.charCodeAt(i));
            }
            return new Uint8Array(list);
        }
    }
    class TextDecoder {
        constructor(label = "utf-8") {
            if (!/^(utf-?8|ascii|latin1)$/i.test(label)) throw new RangeError(`The "${label}" encoding is not supported`);
        }
        get encoding() { return "utf-8"; }
        decode(buffer = new Uint8Array()) {
            const b = ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
            let text = "";
            for (let i = b[0] === 239 && b[1] === 187 && b[2] === 191 ? 3 : 0; i < b.length;) {
                const first = b[i], more = first < 128 ? 0 : first >= 194 && first < 224 ? 1 : first >= 224 && first < 240 ? 2 : first >= 240 && first < 245 ? 3 : -1;
                let point = more <= 0 ? first : first & (63 >> more), used = 1;
                while (used <= more && (b[i + used] & 192) === 128) point = (point << 6) | (b[i + used++] & 63);
                const least = [0, 128, 2048, 65536][more];
                const isBad = more < 0 || used <= more || point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000);
                text += isBad ? "\ufffd" : String.fromCodePoint(point);
                i += used;
            }
            return text;
        }
    }
    hidden(global, "TextEncoder", TextEncoder);
    hidden(global, "TextDecoder", TextDecoder);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    hidden(global, "btoa", (text) => {
        text = String(text);
        let result = "";
        for (let i = 0; i < text.length; i += 3) {
            const [a, b, c] = [0, 1, 2].map((j) => text.charCodeAt(i + j));
            if (a > 255 || b > 255 || c > 255) throw new RangeError("Invalid character");
            const bits = (a << 16) | ((b || 0) << 8) | (c || 0);
            result += alphabet[bits >> 18] + alphabet[(bits >> 12) & 63]
                + (Number.isNaN(b) ? "=" : alphabet[(bits >> 6) & 63]) + (Number.isNaN(c) ? "=" : alphabet[bits & 63]);
        }
        return result;
    });
    hidden(global, "atob", (text) => {
        text = String(text).replace(/\s/g, "").replace(/={1,2}$/, "");
        if (/[^A-Za-z0-9+/]/.test(text) || text.length % 4 === 1) throw new Error("The string to be decoded is not correctly encoded.");
        let result = "", bits = 0, held = 0;
        for (const one of text) {
            bits = ((bits << 6) | alphabet.indexOf(one)) & 0xffffff;
            held += 6;
            if (held >= 8) { held -= 8; result += String.fromCharCode((bits >> held) & 255); }
        }
        return result;
    });

    const copied = (value, seen) => {
        if (typeof value === "function" || typeof value === "symbol") {
            throw Object.assign(new Error(`${String(value)} could not be cloned.`), { name: "DataCloneError" });
        }
        if (value === null || typeof value !== "object") return value;
        if (seen.has(value)) return seen.get(value);
        const keep = (copy) => { seen.set(value, copy); return copy; };
        if (value instanceof Date) return keep(new Date(value));
        if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
        if (value instanceof Map) {
            const copy = keep(new Map());
            for (const [key, one] of value) copy.set(copied(key, seen), copied(one, seen));
            return copy;
        }
        if (value instanceof Set) {
            const copy = keep(new Set());
            for (const one of value) copy.add(copied(one, seen));
            return copy;
        }
        if (value instanceof ArrayBuffer) return keep(value.slice(0));
        if (ArrayBuffer.isView(value)) return keep(new value.constructor(value.slice ? value.slice() : value.buffer.slice(0)));
        if (value instanceof Error) {
            const kind = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }[value.name] ?? Error;
            const copy = keep(new kind(value.message));
            hidden(copy, "stack", value.stack);
            return copy;
        }
        const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
        for (const key of Object.keys(value)) copy[key] = copied(value[key], seen);
        return copy;
    };
    hidden(global, "structuredClone", (value) => copied(value, new Map()));

    // --- files --------------------------------------------------------------------------------------------------------
    const coded = (action) => (...values) => {
        try {
            return action(...values);
        } catch (error) {
            const code = /^(E[A-Z]+): /.exec(error.message);
            if (code) error.code = code[1];
            throw error;
        }
    };
    const put = (appends) => coded((name, data) => ArrayBuffer.isView(data)
        ? host.writeBytes(String(name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength), appends)
        : host.write(String(name), String(data), appends));
    const files = {
        read: coded((name) => host.read(String(name))),
        readBytes: coded((name) => host.readBytes(String(name))),
        write: put(false),
        append: put(true),
        list: coded((name = ".") => host.list(String(name))),
        exists: (name) => host.stat(String(name)) !== undefined,
        remove: coded((name) => host.remove(String(name))),
    };
    hidden(global, "files", files);
    const statOf = coded((name) => {
        const stat = host.stat(String(name));
        if (!stat) throw new Error(`ENOENT: no such file or directory, stat '${name}'`);
        return { size: stat[1], isDirectory: () => stat[0], isFile: () => !stat[0] };
    });
    const fs = {
        readFileSync: (name, options) => ((typeof options === "string" ? options : options?.encoding) ? files.read(name) : bufferOf(files.readBytes(name))),
        writeFileSync: files.write,
        appendFileSync: files.append,
        existsSync: files.exists,
        readdirSync: (name) => files.list(name),
        unlinkSync: files.remove,
        rmSync: (name, options) => { if (!options?.force || files.exists(name)) files.remove(name); },
        mkdirSync: coded((name, options) => { if (!options?.recursive || !files.exists(name)) host.makeDirectory(String(name)); }),
        statSync: statOf,
        promises: {},
    };
    // The bytes of a file that was read without an encoding are text to those who ask for text.
    const bufferOf = (array) => {
        hidden(array, "toString", () => new TextDecoder().decode(array));
        return array;
    };
    for (const [name, action] of Object.entries(fs)) {
        if (name.endsWith("Sync")) fs.promises[name.slice(0, -4)] = async (...values) => action(...values);
    }

    const path = {
        sep: "/",
        normalize(text) {
            const parts = [];
            for (const part of text.split("/")) {
                if (part === ".." && parts.length && parts.at(-1) !== "..") parts.pop();
                else if (part === ".." && !text.startsWith("/")) parts.push(part);
                else if (part !== "" && part !== "." && part !== "..") parts.push(part);
            }
            return (text.startsWith("/") ? "/" : "") + parts.join("/") || ".";
        },
        join: (...parts) => path.normalize(parts.filter((part) => part !== "").join("/") || "."),
        resolve: (...parts) => path.normalize("/" + parts.reduce((all, part) => (part.startsWith("/") ? part : `${all}/${part}`), "")),
        basename: (text, suffix) => {
            const name = text.replace(/\/+$/, "").split("/").at(-1);
            return suffix && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
        },
        dirname: (text) => (text.includes("/") ? text.replace(/\/+$/, "").replace(/\/[^/]*$/, "") || "/" : "."),
        extname: (text) => /[^./]+(\.[^./]*)$/.exec(text)?.[1] ?? "",
        isAbsolute: (text) => text.startsWith("/"),
    };

    class AssertionError extends Error {
        constructor(message) { super(message); this.code = "ERR_ASSERTION"; }
        get name() { return "AssertionError"; }
    }
    const assert = (holds, message) => {
        if (!holds) throw message instanceof Error ? message : new AssertionError(message ?? "The expression evaluated to a falsy value");
    };
    const isSame = (one, other) => inspect(one, { depth: null }) === inspect(other, { depth: null });
    Object.assign(assert, {
        AssertionError, ok: assert,
        equal: (a, b, message) => assert(a == b, message ?? `${inspect(a)} == ${inspect(b)}`),
        notEqual: (a, b, message) => assert(a != b, message ?? `${inspect(a)} != ${inspect(b)}`),
        strictEqual: (a, b, message) => assert(Object.is(a, b), message ?? `Expected values to be strictly equal:\n\n${inspect(a)} !== ${inspect(b)}\n`),
        notStrictEqual: (a, b, message) => assert(!Object.is(a, b), message ?? `Expected "actual" to be strictly unequal to: ${inspect(b)}`),
        deepEqual: (a, b, message) => assert(isSame(a, b), message ?? `Expected values to be loosely deep-equal:\n\n${inspect(a)}\n\nshould loosely deep-equal\n\n${inspect(b)}`),
        deepStrictEqual: (a, b, message) => assert(isSame(a, b), message ?? `Expected values to be strictly deep-equal:\n\n${inspect(a)}\n\nshould equal\n\n${inspect(b)}`),
        throws: (action, message) => {
            try { action(); } catch { return; }
            throw new AssertionError(typeof message === "string" ? message : "Missing expected exception.");
        },
    });
    assert.strict = assert;
    const util = {
        inspect, format, isDeepStrictEqual: isSame, TextEncoder, TextDecoder,
        promisify: (action) => (...values) => new Promise((resolve, reject) =>
            action(...values, (error, value) => (error ? reject(error) : resolve(value)))),
    };
    const modules = {
        fs, path, util, assert, crypto, "fs/promises": fs.promises, "assert/strict": assert,
        perf_hooks: { performance: global.performance },
        "timers/promises": { setTimeout: (after, value) => new Promise((resolve) => setTimeout(resolve, after, value)) },
    };
    const require = (name) => {
        const found = modules[String(name).replace(/^node:/, "")];
        if (found) return found;
        throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
    };
    hidden(global, "require", require);
    hidden(global, "__import", async (name) => ({ default: require(name), ...require(name) }));
    hidden(global, "module", { exports: {} });
    hidden(global, "exports", global.module.exports);
    hidden(global, "process", {
        argv: ["node", "script"], env: {}, platform: "wasi", version: "v20.0.0", versions: {}, cwd: () => "/",
        nextTick: (action, ...values) => { jobs.then(() => action(...values)); },
        hrtime: Object.assign(() => [Math.floor(host.now() / 1e3), Math.floor((host.now() % 1e3) * 1e6)], { bigint: () => BigInt(Math.floor(host.now() * 1e6)) }),
        stdout: { write: (text) => { host.print(String(text), false); return true; } },
        stderr: { write: (text) => { host.print(String(text), true); return true; } },
        memoryUsage: () => ({ heapUsed: 0, rss: 0 }), uptime: () => host.now() / 1e3, on() {},
        exit() { throw new Error("process.exit() is not for a cell; let it end, or throw"); },
    });
    hidden(global, "global", global);

    // --- the tools ------------------------------------------------------------------------------------------------------
    class ToolError extends Error {
        constructor(kind, message, detail) {
            super(message);
            hidden(this, "name", "ToolError");
            this.kind = kind;
            if (detail !== undefined) this.detail = detail;
        }
    }
    hidden(global, "ToolError", ToolError);

    const isPlain = (value) => value !== null && typeof value === "object"
        && [Object.prototype, null].includes(Object.getPrototypeOf(value));
    // One object is the arguments by name, unless it can only be the one argument itself; else they are by their place.
    const named = (name, parameters, values) => {
        const [first] = values;
        if (values.length === 0) return {};
        if (values.length === 1 && isPlain(first)) {
            const keys = Object.keys(first);
            const isArgument = parameters.length === 1 && keys.length > 0 && !keys.includes(parameters[0]);
            if (!isArgument) return first;
        }
        if (values.length > parameters.length) {
            throw new TypeError(`${name} takes ${parameters.length} argument${parameters.length === 1 ? "" : "s"}, not ${values.length}`);
        }
        return Object.fromEntries(values.map((value, index) => [parameters[index], value]).filter(([, value]) => value !== undefined));
    };
    const fromDetail = (detail) => {
        if (detail === undefined || detail === null) return undefined;
        try { return parse(detail); } catch { return detail; }
    };
    const tool = (name, docs, parameters) => {
        const call = async (...values) => {
            const given = named(name, parameters, values);
            const isSimple = Object.values(given).every((one) => one === null || typeof one !== "object" && typeof one !== "bigint");
            const answer = host.call(name, isSimple ? stringify(given) : stringify(given, exact));
            if (!answer[0]) throw new ToolError(answer[1], answer[2], fromDetail(answer[3]));
            return parse(answer[1]);
        };
        Object.defineProperty(call, "name", { value: name.split(".").at(-1) });
        hidden(call, "docs", docs);
        hidden(call, "toString", () => `/** ${docs} */\nasync function ${name}(${parameters.length ? `{ ${parameters.join(", ")} }` : ""}) { [native code] }`);
        return call;
    };
    // Most cells call few of the tools that there are: they are made when one is looked at first.
    let installed = [], described = "";
    const install = (functions, spaces) => {
        if (functions === described) return;
        for (const name of installed) delete global[name];
        described = functions;
        installed = spaces.split("\n");
        for (const name of installed) {
            Object.defineProperty(global, name, {
                get: () => made(functions)[name], set: (value) => hidden(global, name, value), configurable: true, enumerable: false,
            });
        }
    };
    const made = (functions) => {
        const spaces = {};
        for (const [name, docs, parameters] of parse(functions)) {
            const [space, ...rest] = name.split(".");
            if (rest.length === 0) spaces[space] = tool(name, docs, parameters);
            else (spaces[space] ??= {})[rest.join(".")] = tool(name, docs, parameters);
        }
        for (const name of installed) {
            if (Object.getOwnPropertyDescriptor(global, name)?.get) hidden(global, name, spaces[name]);
        }
        return spaces;
    };

    // --- cells ------------------------------------------------------------------------------------------------------------
    // What JSON lacks: a whole number beyond the exact ones is its digits, a map an object, a set an array.
    function exact(key, value) {
        const isExact = (number) => number >= BigInt(Number.MIN_SAFE_INTEGER) && number <= BigInt(Number.MAX_SAFE_INTEGER);
        if (typeof value === "bigint") return isExact(value) ? Number(value) : String(value);
        if (value === null || typeof value !== "object") return value;
        if (value instanceof Map) {
            const isObject = [...value.keys()].every((one) => typeof one === "string");
            return isObject ? Object.fromEntries(value) : [...value];
        }
        if (value instanceof Set) return [...value];
        if (value instanceof Error) return { name: value.name, message: value.message, ...value };
        if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value);
        return value;
    }
    const encode = (value) => {
        if (typeof value === "function") throw new TypeError(`the value of the cell is a function, ${value.name || "without a name"}, which is nothing that JSON can hold`);
        if (typeof value === "symbol") throw new TypeError(`the value of the cell is ${String(value)}, which is nothing that JSON can hold`);
        return stringify(value, exact) ?? "null";
    };

    const rejections = new Map();
    const rejected = (promise, reason, isHandled) => {
        if (isHandled) rejections.delete(promise);
        else rejections.set(promise, reason);
    };

    // Declarations of a cell that was a function's body: live, until a later cell declares them anew.
    const locals = new Map();
    let late = [];
    const saveLate = () => {
        for (const [name, get] of late) {
            try { global[name] = get(); } catch { /* it was never given a value */ }
        }
        late = [];
    };
    const release = (names) => {
        for (const name of names) {
            const local = locals.get(name), own = Object.getOwnPropertyDescriptor(global, name);
            if (!local || own?.get !== local) continue;
            let value;
            try { value = local(); } catch { /* it was never given a value */ }
            Object.defineProperty(global, name, { value, writable: true, enumerable: true, configurable: true });
            locals.delete(name);
        }
    };
    hidden(global, "__cell", (declared) => {
        for (const [name, [get, set]] of Object.entries(declared)) {
            if (Object.getOwnPropertyDescriptor(global, name)?.configurable === false) {
                late.push([name, get]);
                continue;
            }
            Object.defineProperty(global, name, { get, set, enumerable: true, configurable: true });
            locals.set(name, get);
        }
    });

    return {
        tick, rejected,
        begin(input, functions, spaces, names) {
            if (late.length) saveLate();
            rejections.clear();
            timers = [];
            group = "";
            if (locals.size) release(names.split("\n"));
            if (spaces !== "" || installed.length) install(functions, spaces);
            hidden(global, "input", input === "null" ? null : parse(input));
        },
        settle: async (promise) => encode(await (await promise)?.value),
        end() {
            saveLate();
            for (const [, reason] of rejections) throw reason;
        },
        // [NAME, MESSAGE, FRAMES…] of whatever was thrown.
        describe(thrown) {
            try {
                if (thrown instanceof Error) return [String(thrown.name), String(thrown.message), ...frames(thrown)];
                return ["Uncaught", typeof thrown === "string" ? thrown : inspect(thrown)];
            } catch {
                return ["Error", "an exception that cannot be shown"];
            }
        },
        // The first place that a stack names, of syntax errors too: [LINE, COLUMN].
        place(thrown, name) {
            try {
                for (const line of String(thrown.stack).split("\n")) {
                    const found = /^\s+at (?:.* \()?(.*?):(\d+)(?::(\d+))?\)?$/.exec(line);
                    if (found && found[1] === name) return [Number(found[2]), Number(found[3] ?? 0)];
                }
            } catch { /* it has none */ }
            return [0, 0];
        },
    };
}
