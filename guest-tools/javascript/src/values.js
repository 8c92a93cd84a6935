// Values on their way to the host and back, by the rule at the top of `wit/code.wit`: exact, or refused.
() => {
    "use strict";
    const { stringify, parse, rawJSON } = JSON;
    const LEAST = -(2n ** 63n), MOST = 2n ** 64n - 1n;

    const whole = (value) => (value < LEAST || value > MOST ? String(value) : rawJSON(String(value)));
    const number = (value) => {
        if (!Number.isFinite(value)) return String(value);
        // Digits alone are a whole number's, and the digits of this one may be rounded.
        const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
        return isRounded && Math.abs(value) < 1e21 ? rawJSON(`${value}.0`) : value;
    };
    const refused = (what, hint = "") => new TypeError(`the value has ${what} in it, which is nothing that JSON can hold${hint}`);
    const CLOSED = [[RegExp, "a RegExp"], [WeakMap, "a WeakMap"], [WeakSet, "a WeakSet"], [WeakRef, "a WeakRef"]];

    // What JSON lacks: a map is an object, a set and bytes are arrays.
    function exact(key, value) {
        if (typeof value === "number") return number(value);
        if (typeof value === "bigint") return whole(value);
        if (value === null && this[key] instanceof Date) throw new RangeError("the value has an invalid date in it");
        if ((typeof value === "function" || typeof value === "symbol") && Array.isArray(this)) throw refused(String(value).slice(0, 80));
        if (value === null || typeof value !== "object") return value;
        // A Buffer has said by itself what it is as JSON, which is not what bytes are here.
        if (value.type === "Buffer" && ArrayBuffer.isView(this[key])) return Array.from(this[key]);
        return object(value);
    }
    function object(value) {
        if (value instanceof Map) {
            const isObject = [...value.keys()].every((one) => typeof one === "string");
            return isObject ? Object.fromEntries(value) : [...value];
        }
        if (value instanceof Set) return [...value];
        if (value instanceof Error) return { name: value.name, message: value.message, ...value };
        if (value instanceof Number) return number(value.valueOf());
        if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return Array.from(new Uint8Array(value));
        if (value instanceof DataView) return Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
        if (ArrayBuffer.isView(value)) return Array.from(value);
        if (value instanceof Promise) throw refused("a Promise", "; await it");
        if (value instanceof Iterator) throw refused("an iterator", "; spread it into an array");
        for (const [kind, named] of CLOSED) if (value instanceof kind) throw refused(named);
        return value;
    }
    // JSON writes half of a surrogate pair as an escape, and nothing else as one that begins so.
    const wellFormed = (json) => (json?.includes("\\ud") ? json.replace(/\\(?:(ud[89a-f]..)|.)/gs, (all, half) => (half ? "\ufffd" : all)) : json);
    const encode = (value) => wellFormed(stringify(value, exact));

    // Whole numbers that are no exact numbers here are a BigInt; the host has words for floats for which JSON has none.
    const UNUSUAL = /\d{16}|NaN|Infinity/;
    const WORDS = { NaN: "0e999", Infinity: "1e999", "-Infinity": "-1e999" };
    function kept(key, value, { source }) {
        if (typeof value !== "number") return value;
        if (source === WORDS.NaN) return NaN;
        return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
    }
    const decode = (text) => {
        if (!UNUSUAL.test(text)) return parse(text);
        return parse(text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN/gs, (one) => WORDS[one] ?? one), kept);
    };

    // Most arguments need none of this.
    const isSimple = (one) => typeof one === "string" || typeof one === "boolean" || one === null || one === undefined || Number.isSafeInteger(one);
    const encodeArguments = (given) => {
        const all = Object.entries(given);
        if (all.every(([, one]) => isSimple(one))) return wellFormed(stringify(given));
        for (const [name, one] of all) if (typeof one === "function" || typeof one === "symbol") throw new TypeError(`the argument ${name} is a ${typeof one}, which is nothing that JSON can hold`);
        return encode(given);
    };

    return { encode, encodeArguments, decode };
}
