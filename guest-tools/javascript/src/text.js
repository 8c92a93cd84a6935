// Text and bytes: the encodings that are kept exactly, and a refusal of every other.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;
    const viewed = (data) => (ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data));
    const isBytes = (data) => ArrayBuffer.isView(data) || data instanceof ArrayBuffer || data instanceof SharedArrayBuffer;

    class TextEncoder {
        get encoding() { return "utf-8"; }
        encode(text = "") { return host.encodeUtf8(String(text)); }
        encodeInto(text, into) {
            let read = 0, written = 0;
            for (const one of String(text)) {
                const bytes = host.encodeUtf8(one);
                if (written + bytes.length > into.length) break;
                into.set(bytes, written);
                read += one.length;
                written += bytes.length;
            }
            return { read, written };
        }
    }

    const LABELS = {
        "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
        "windows-1252": `ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1
            iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252`,
        "utf-16le": "utf-16le utf-16 ucs-2 unicode csunicode iso-10646-ucs-2 unicodefeff",
        "utf-16be": "utf-16be unicodefffe",
    };
    const encodings = new Map(Object.entries(LABELS).flatMap(([name, labels]) => labels.split(/\s+/).map((label) => [label, name])));
    // What windows-1252 has for the bytes from 0x80; those that it lacks are control characters.
    const HIGH = "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f"
        + "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";
    const characters = (bytes, of) => {
        const pieces = [];
        for (let at = 0; at < bytes.length; at += 4096) pieces.push(Array.from(bytes.subarray(at, at + 4096), of).join(""));
        return pieces.join("");
    };
    const latin1 = (bytes) => characters(bytes, (byte) => String.fromCharCode(byte));

    // Each returns [TEXT, BYTES USED, WHETHER IT IS WHAT THE BYTES SAY]; bytes at the end that are a beginning are not used.
    const readers = {
        "utf-8": (bytes) => host.decodeUtf8(bytes),
        "windows-1252": (bytes) => [characters(bytes, (byte) => (byte < 0x80 || byte > 0x9f ? String.fromCharCode(byte) : HIGH[byte - 0x80])), bytes.length, true],
        "utf-16le": (bytes) => wide(bytes, 0),
        "utf-16be": (bytes) => wide(bytes, 1),
    };
    const wide = (bytes, high) => {
        const units = [];
        for (let at = 0; at + 1 < bytes.length; at += 2) units.push(String.fromCharCode((bytes[at + 1 - high] << 8) | bytes[at + high]));
        let text = units.join("");
        const isHalf = /[\ud800-\udbff]$/.test(text);
        if (isHalf) text = text.slice(0, -1);
        return [text.toWellFormed(), text.length * 2, text.isWellFormed()];
    };

    class TextDecoder {
        #name; #fatal; #keepsMark; #rest = new Uint8Array(); #isBegun = false;
        constructor(label = "utf-8", options = {}) {
            this.#name = encodings.get(String(label).trim().toLowerCase());
            if (this.#name === undefined) {
                throw coded(RangeError, "ERR_ENCODING_NOT_SUPPORTED", `The "${label}" encoding is not supported; utf-8, windows-1252 (latin1), utf-16le and utf-16be are`);
            }
            this.#fatal = Boolean(options?.fatal);
            this.#keepsMark = Boolean(options?.ignoreBOM);
        }
        get encoding() { return this.#name; }
        get fatal() { return this.#fatal; }
        get ignoreBOM() { return this.#keepsMark; }
        decode(data = new Uint8Array(), options = {}) {
            if (!isBytes(data)) throw new TypeError('The "input" argument must be an instance of ArrayBuffer or ArrayBufferView');
            const bytes = new Uint8Array(this.#rest.length + data.byteLength);
            bytes.set(this.#rest);
            bytes.set(viewed(data), this.#rest.length);
            const goesOn = Boolean(options?.stream);
            const [text, used, isExact] = readers[this.#name](bytes);
            const isBad = !isExact || (!goesOn && used < bytes.length);
            this.#rest = goesOn ? bytes.slice(used) : new Uint8Array();
            if (this.#fatal && isBad) {
                this.#isBegun = false;
                throw Object.assign(new TypeError(`The encoded data was not valid for encoding ${this.#name}`), { code: "ERR_ENCODING_INVALID_ENCODED_DATA" });
            }
            const whole = !goesOn && used < bytes.length ? text + "\ufffd" : text;
            const hasMark = !this.#isBegun && !this.#keepsMark && this.#name !== "windows-1252" && whole.startsWith("\ufeff");
            this.#isBegun = goesOn && (this.#isBegun || whole !== "");
            return hasMark ? whole.slice(1) : whole;
        }
    }
    hidden(global, "TextEncoder", TextEncoder);
    hidden(global, "TextDecoder", TextDecoder);

    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const invalid = (message) => new global.DOMException(message, "InvalidCharacterError");
    const btoa = (text) => {
        text = String(text);
        let result = "";
        for (let i = 0; i < text.length; i += 3) {
            const [a, b, c] = [0, 1, 2].map((j) => text.charCodeAt(i + j));
            if (a > 255 || b > 255 || c > 255) throw invalid("Invalid character");
            const bits = (a << 16) | ((b || 0) << 8) | (c || 0);
            result += alphabet[bits >> 18] + alphabet[(bits >> 12) & 63]
                + (Number.isNaN(b) ? "=" : alphabet[(bits >> 6) & 63]) + (Number.isNaN(c) ? "=" : alphabet[bits & 63]);
        }
        return result;
    };
    const atob = (text) => {
        text = String(text).replace(/[\t\n\f\r ]/g, "").replace(/={1,2}$/, "");
        if (/[^A-Za-z0-9+/]/.test(text) || text.length % 4 === 1) throw invalid("The string to be decoded is not correctly encoded.");
        let result = "", bits = 0, held = 0;
        for (const one of text) {
            bits = ((bits << 6) | alphabet.indexOf(one)) & 0xffffff;
            held += 6;
            if (held >= 8) { held -= 8; result += String.fromCharCode((bits >> held) & 255); }
        }
        return result;
    };
    hidden(global, "btoa", btoa);
    hidden(global, "atob", atob);

    // What node calls encodings of files and buffers: of bytes into text, and of text into bytes.
    const ofLatin1 = (text) => Uint8Array.from(text, (one) => one.charCodeAt(0));
    const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const ofHex = (text) => Uint8Array.from(/^(?:[\da-f]{2})*/i.exec(text)[0].match(/../g) ?? [], (pair) => parseInt(pair, 16));
    const url = (text) => text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
    const ofBase64 = (text) => {
        const letters = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=[^]*$|[^A-Za-z0-9+/]/g, "");
        return ofLatin1(atob(letters.length % 4 === 1 ? letters.slice(0, -1) : letters));
    };
    const codecs = {
        utf8: [(bytes) => { const [text, used] = host.decodeUtf8(bytes); return used < bytes.length ? text + "\ufffd" : text; }, (text) => host.encodeUtf8(text)],
        utf16le: [(bytes) => wide(bytes, 0)[0], (text) => new Uint8Array(Uint16Array.from(text, (one) => one.charCodeAt(0)).buffer)],
        latin1: [latin1, ofLatin1], ascii: [(bytes) => latin1(bytes.map((byte) => byte & 127)), ofLatin1], hex: [hex, ofHex],
        base64: [(bytes) => btoa(latin1(bytes)), ofBase64], base64url: [(bytes) => url(btoa(latin1(bytes))), ofBase64],
    };
    const ALIASES = { "utf-8": "utf8", binary: "latin1", ucs2: "utf16le", "ucs-2": "utf16le", "utf-16le": "utf16le" };
    const named = (name) => { const lower = String(name).toLowerCase(); return ALIASES[lower] ?? lower; };
    const isEncoding = (name) => typeof name === "string" && Object.hasOwn(codecs, named(name));
    const codec = (name) => {
        if (isEncoding(String(name))) return codecs[named(name)];
        throw Object.assign(new TypeError(`Unknown encoding: ${name}; known are ${Object.keys(codecs).join(", ")}`), { code: "ERR_UNKNOWN_ENCODING" });
    };
    return { TextEncoder, TextDecoder, isBytes, viewed, isEncoding, textOf: (bytes, name) => codec(name)[0](bytes), bytesOf: (text, name) => codec(name)[1](text) };
}
