// node's util, and the modules about text: string_decoder and querystring.
(host, parts) => {
    "use strict";
    const { hidden, coded } = parts.base;
    const { inspect, format } = parts.show;
    const { TextEncoder, TextDecoder, isBytes, viewed, isEncoding } = parts.text;
    const { Buffer, wrong } = parts.buffer;
    const { isDeepStrictEqual } = parts.assert;
    const { formDecoded } = parts.url;

    // --- util -------------------------------------------------------------------------------------------------------------
    const custom = Symbol.for("nodejs.util.promisify.custom");
    const promisify = (action) => {
        if (typeof action !== "function") throw wrong("original", "of type function", action);
        if (action[custom]) return action[custom];
        return function (...values) {
            return new Promise((resolve, reject) => { action.call(this, ...values, (error, value) => (error ? reject(error) : resolve(value))); });
        };
    };
    promisify.custom = custom;
    const callbackify = (action) => function (...values) {
        const callback = values.pop();
        action.apply(this, values).then((value) => globalThis.setImmediate(callback, null, value), (error) => globalThis.setImmediate(callback, error ?? coded(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value")));
    };
    const inherits = (child, parent) => {
        if (typeof child !== "function") throw wrong("ctor", "of type function", child);
        if (typeof parent !== "function") throw wrong("superCtor", "of type function", parent);
        Object.defineProperty(child, "super_", { value: parent, writable: true, configurable: true });
        Object.setPrototypeOf(child.prototype, parent.prototype);
    };
    const warned = new Set();
    const deprecate = (action, message, code) => function (...values) {
        if (!warned.has(code ?? action)) { warned.add(code ?? action); host.print(`(node:1) ${code ? `[${code}] ` : ""}DeprecationWarning: ${message}\n`, true); }
        return new.target ? Reflect.construct(action, values, new.target) : action.apply(this, values);
    };
    const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
    const isView = (name) => (value) => ArrayBuffer.isView(value) && value[Symbol.toStringTag] === name;
    const types = {
        isDate: (value) => value instanceof Date, isRegExp: (value) => value instanceof RegExp, isMap: (value) => value instanceof Map, isSet: (value) => value instanceof Set,
        isWeakMap: (value) => value instanceof WeakMap, isWeakSet: (value) => value instanceof WeakSet, isPromise: (value) => value instanceof Promise, isNativeError: (value) => value instanceof Error,
        isArrayBuffer: (value) => value instanceof ArrayBuffer, isSharedArrayBuffer: (value) => value instanceof SharedArrayBuffer, isAnyArrayBuffer: (value) => value instanceof ArrayBuffer || value instanceof SharedArrayBuffer,
        isArrayBufferView: (value) => ArrayBuffer.isView(value), isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView), isDataView: (value) => value instanceof DataView,
        isGeneratorFunction: (value) => typeof value === "function" && /GeneratorFunction$/.test(tag(value)), isAsyncFunction: (value) => typeof value === "function" && /^Async/.test(tag(value)),
        isGeneratorObject: (value) => tag(value) === "Generator" || tag(value) === "AsyncGenerator", isArgumentsObject: (value) => tag(value) === "Arguments",
        isMapIterator: (value) => tag(value) === "Map Iterator", isSetIterator: (value) => tag(value) === "Set Iterator",
        isBoxedPrimitive: (value) => [Number, String, Boolean, BigInt, Symbol].some((kind) => value instanceof kind), isNumberObject: (value) => value instanceof Number,
        isStringObject: (value) => value instanceof String, isBooleanObject: (value) => value instanceof Boolean, isSymbolObject: (value) => value instanceof Symbol, isBigIntObject: (value) => value instanceof BigInt,
        isProxy: (value) => host.targetOf(value) !== undefined,
    };
    for (const name of ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"]) types[`is${name}`] = isView(name);

    const STYLES = { reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27], hidden: [8, 28], strikethrough: [9, 29], doubleunderline: [21, 24], framed: [51, 54], overlined: [53, 55], gray: [90, 39], grey: [90, 39],
        ...Object.fromEntries(["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"].flatMap((name, at) => [[name, [30 + at, 39]], [`bg${name[0].toUpperCase()}${name.slice(1)}`, [40 + at, 49]], [`${name}Bright`, [90 + at, 39]]])) };
    inspect.colors = STYLES;
    // As in node, what is no terminal gets no colors, but where there is a list of them; neither is stdout here.
    const styleText = (styles, text, { validateStream = true, stream } = {}) => [styles].flat().reduceRight((inside, name) => {
        if (!Object.hasOwn(STYLES, name)) throw coded(TypeError, "ERR_INVALID_ARG_VALUE", `The argument 'format' must be one of: ${Object.keys(STYLES).map((one) => `'${one}'`).join(", ")}. Received '${name}'`);
        if (validateStream && !Array.isArray(styles) && !stream?.isTTY) return inside;
        return `\x1b[${STYLES[name][0]}m${inside}\x1b[${STYLES[name][1]}m`;
    }, text);

    // Options of a command line, as `util.parseArgs` reads them.
    const parseArgs = ({ args = globalThis.process.argv.slice(2), options = {}, strict = true, allowPositionals = !strict, tokens = false } = {}) => {
        if (tokens) throw new Error("parseArgs has no tokens here; it has values and positionals");
        const values = Object.create(null), positionals = [], left = [...args];
        const refuse = (code, message) => { if (strict) throw coded(TypeError, code, message); };
        const store = (name, value, written) => {
            const option = options[name];
            if (!option) refuse("ERR_PARSE_ARGS_UNKNOWN_OPTION", `Unknown option '${written}'`);
            if (option?.type === "string" && value === undefined) refuse("ERR_PARSE_ARGS_INVALID_OPTION_VALUE", `Option '${option.short ? `-${option.short}, ` : ""}--${name} <value>' argument missing`);
            if (option?.type === "boolean" && value !== undefined) refuse("ERR_PARSE_ARGS_INVALID_OPTION_VALUE", `Option '${option.short ? `-${option.short}, ` : ""}--${name}' does not take an argument`);
            if (option?.multiple) (values[name] ??= []).push(value ?? true); else values[name] = value ?? true;
        };
        const takes = (name) => options[name]?.type === "string";
        while (left.length > 0) {
            const one = left.shift();
            if (one === "--") { positionals.push(...left.splice(0)); break; }
            if (one.startsWith("--")) {
                const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(one);
                store(name, value ?? (takes(name) && left.length > 0 && !(left[0].startsWith("-") && left[0] !== "-") ? left.shift() : undefined), `--${name}`);
            } else if (/^-[^-]/.test(one)) {
                for (let letters = one.slice(1); letters !== ""; letters = letters.slice(1)) {
                    const name = Object.keys(options).find((key) => options[key].short === letters[0]) ?? letters[0];
                    if (!takes(name)) { store(name, undefined, `-${letters[0]}`); continue; }
                    store(name, letters.length > 1 ? letters.slice(1) : left.shift(), `-${letters[0]}`);
                    break;
                }
            } else {
                if (!allowPositionals) refuse("ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL", `Unexpected argument '${one}'. This command does not take positional arguments`);
                positionals.push(one);
            }
        }
        for (const [name, option] of Object.entries(options)) if (option.default !== undefined && values[name] === undefined) values[name] = option.default;
        return { values, positionals };
    };
    const legacy = { isArray: Array.isArray, isString: (value) => typeof value === "string", isFunction: (value) => typeof value === "function", isRegExp: types.isRegExp, isDate: types.isDate, isError: types.isNativeError };
    const util = {
        inspect, format, formatWithOptions: (options, ...values) => format.with(options, ...values), isDeepStrictEqual, promisify, callbackify, inherits, deprecate, types, styleText, parseArgs, TextEncoder, TextDecoder, ...legacy,
        stripVTControlCharacters: (text) => text.replace(/\x1b\[[\d;?]*[ -/]*[@-~]/g, ""), toUSVString: (text) => String(text).toWellFormed(), debuglog: () => Object.assign(() => {}, { enabled: false }),
        aborted: (signal) => new Promise((resolve) => { if (signal.aborted) resolve(); else signal.addEventListener("abort", () => resolve(), { once: true }); }),
    };

    // --- string_decoder ---------------------------------------------------------------------------------------------------
    const WHOLE = { hex: 1, latin1: 1, binary: 1, ascii: 1, base64: 3, base64url: 3 };
    class StringDecoder {
        #decoder; #rest = Buffer.alloc(0);
        constructor(encoding = "utf8") {
            if (!isEncoding(encoding)) throw coded(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
            this.encoding = encoding.toLowerCase().replace("utf-8", "utf8").replace(/^(ucs-?2|utf-16le)$/, "utf16le");
            this.#decoder = WHOLE[this.encoding] ? undefined : new TextDecoder(this.encoding === "utf16le" ? "utf-16le" : "utf-8", { ignoreBOM: true });
        }
        write(data) {
            if (typeof data === "string") return data;
            if (!isBytes(data)) throw wrong("buf", "an instance of Buffer, TypedArray, or DataView", data);
            if (this.#decoder) return this.#decoder.decode(viewed(data), { stream: true });
            const all = Buffer.concat([this.#rest, viewed(data)]), end = all.length - (all.length % WHOLE[this.encoding]);
            this.#rest = all.subarray(end);
            return all.toString(this.encoding, 0, end);
        }
        end(data) {
            const text = data === undefined ? "" : this.write(data);
            if (this.#decoder) return text + this.#decoder.decode();
            const rest = this.#rest.toString(this.encoding);
            this.#rest = Buffer.alloc(0);
            return text + rest;
        }
    }

    // --- querystring ------------------------------------------------------------------------------------------------------
    const escape = (text) => encodeURIComponent(String(text));
    const plain = (value) => (typeof value === "string" ? value : typeof value === "bigint" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)) ? String(value) : "");
    const querystring = {
        escape, unescape: (text) => formDecoded(String(text).replaceAll("+", "%2B")),
        stringify(object, separator = "&", equals = "=", { encodeURIComponent: encode = escape } = {}) {
            if (object === null || typeof object !== "object") return "";
            return Object.entries(object).flatMap(([name, value]) => [value].flat().map((one) => encode(name) + equals + encode(plain(one)))).join(separator);
        },
        parse(text, separator = "&", equals = "=", { maxKeys = 1000, decodeURIComponent: decode = formDecoded } = {}) {
            const found = Object.create(null);
            const pairs = typeof text === "string" ? text.split(separator).filter((one) => one !== "") : [];
            for (const pair of maxKeys > 0 ? pairs.slice(0, maxKeys) : pairs) {
                const at = pair.indexOf(equals), name = decode(at < 0 ? pair : pair.slice(0, at)), value = at < 0 ? "" : decode(pair.slice(at + equals.length));
                found[name] = name in found ? [found[name], value].flat() : value;
            }
            return found;
        },
    };
    Object.assign(querystring, { encode: querystring.stringify, decode: querystring.parse });
    hidden(util, "types", types);
    return { util, string_decoder: { StringDecoder }, querystring };
}
