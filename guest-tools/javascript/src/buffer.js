// node's Buffer: bytes that know their encodings.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;
    const { isBytes, viewed, textOf, bytesOf, isEncoding } = parts.text;
    const { inspect } = parts.show;
    const MOST = 2 ** 31 - 1, SHOWN = 50;

    const kindOf = (value) => {
        if (value === null || value === undefined) return String(value);
        if (typeof value === "function" && value.name) return `function ${value.name}`;
        if (typeof value === "object") return value.constructor?.name ? `an instance of ${value.constructor.name}` : inspect(value, { depth: -1 });
        const text = inspect(value);
        return `type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`;
    };
    const wrong = (name, kind, value) => coded(TypeError, "ERR_INVALID_ARG_TYPE", `The ${name === "first" ? "first" : `"${name}"`} argument must be ${kind}. Received ${kindOf(value)}`);
    const sized = (size) => {
        if (typeof size !== "number") throw wrong("size", "of type number", size);
        if (!(size >= 0 && size <= MOST)) throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "size" is out of range. It must be >= 0 && <= ${MOST}. Received ${size}`);
        return size;
    };
    const part = (value, encoding, name = "value") => {
        if (typeof value === "string") return bytesOf(value, encoding ?? "utf8");
        if (isBytes(value)) return viewed(value);
        throw wrong(name, "of type string or an instance of Buffer or Uint8Array", value);
    };
    const place = (offset, length, total) => {
        if (typeof offset !== "number") throw wrong("offset", "of type number", offset);
        if (total < length) throw coded(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", "Attempt to access memory outside buffer bounds");
        if (!Number.isInteger(offset) || offset < 0 || offset + length > total) {
            const must = Number.isInteger(offset) ? `>= 0 and <= ${total - length}` : "an integer";
            throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "offset" is out of range. It must be ${must}. Received ${offset}`);
        }
        return offset;
    };

    class Buffer extends Uint8Array {
        static poolSize = 8192;
        static from(value, encoding, length) {
            if (typeof value === "string") return Buffer.#of(bytesOf(value, encoding ?? "utf8"));
            if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Buffer(value, encoding, length);
            if (value?.type === "Buffer" && Array.isArray(value.data)) return Buffer.#of(Uint8Array.from(value.data));
            if (ArrayBuffer.isView(value) || Array.isArray(value) || typeof value?.length === "number") return Buffer.#of(Uint8Array.from(value));
            const plain = value?.valueOf?.();
            if (typeof plain === "string") return Buffer.from(plain, encoding);
            throw wrong("first", "of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object", value);
        }
        static of(...values) { return Buffer.from(values); }
        static #of(bytes) { return new Buffer(bytes.buffer, bytes.byteOffset, bytes.byteLength); }
        static alloc(size, fill, encoding) {
            const made = new Buffer(sized(size));
            return fill === undefined || fill === 0 ? made : made.fill(fill, encoding);
        }
        static allocUnsafe(size) { return Buffer.alloc(size); }
        static allocUnsafeSlow(size) { return Buffer.alloc(size); }
        static isBuffer(value) { return value instanceof Buffer; }
        static isEncoding(name) { return isEncoding(name); }
        static byteLength(value, encoding) { return part(value, encoding, "string").length; }
        static compare(one, other) { return Buffer.prototype.compare.call(viewed(one), other); }
        static concat(list, length = list.reduce((sum, one) => sum + one.length, 0)) {
            const all = Buffer.alloc(length);
            let at = 0;
            for (const one of list) {
                if (!(one instanceof Uint8Array)) throw wrong("list", "an instance of Buffer or Uint8Array", one);
                const room = one.subarray(0, length - at);
                all.set(room, at);
                at += room.length;
            }
            return all;
        }
        get parent() { return this.buffer; }
        toString(encoding = "utf8", start = 0, end = this.length) { return textOf(new Uint8Array(viewed(this).subarray(Math.max(0, start), Math.max(0, end))), encoding); }
        toLocaleString(encoding, start, end) { return this.toString(encoding, start, end); }
        toJSON() { return { type: "Buffer", data: Array.from(this) }; }
        equals(other) { return this.compare(other) === 0; }
        compare(other, start = 0, end = other.length, from = 0, to = this.length) {
            if (!(other instanceof Uint8Array)) throw wrong("target", "an instance of Buffer or Uint8Array", other);
            const a = viewed(this).subarray(from, to), b = viewed(other).subarray(start, end);
            for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
            return Math.sign(a.length - b.length);
        }
        slice(start, end) { return this.subarray(start, end); }
        copy(into, at = 0, start = 0, end = this.length) {
            const some = viewed(this).subarray(start, end).subarray(0, Math.max(0, into.length - at));
            into.set(some, at);
            return some.length;
        }
        write(text, at = 0, length, encoding) {
            if (typeof at === "string") [at, length, encoding] = [0, undefined, at];
            if (typeof length === "string") [length, encoding] = [undefined, length];
            let some = bytesOf(String(text), encoding ?? "utf8").subarray(0, Math.min(length ?? Infinity, this.length - at));
            // A character that does not fit is not written in part.
            if (/^utf-?8$/i.test(encoding ?? "utf8")) some = some.subarray(0, host.decodeUtf8(new Uint8Array(some))[1]);
            this.set(some, at);
            return some.length;
        }
        fill(value, start = 0, end = this.length, encoding) {
            if (typeof start === "string") [start, end, encoding] = [0, this.length, start];
            if (typeof end === "string") [end, encoding] = [this.length, end];
            if (typeof value === "number" || typeof value === "boolean") return super.fill(Number(value) & 255, start, end);
            const bytes = part(value, encoding);
            if (bytes.length === 0) return super.fill(0, start, end);
            for (let at = start; at < end; at++) this[at] = bytes[(at - start) % bytes.length];
            return this;
        }
        #find(value, from, encoding, isLast) {
            if (typeof from === "string") [from, encoding] = [undefined, from];
            const bytes = typeof value === "number" ? Uint8Array.of(value) : part(value, encoding), most = this.length - bytes.length;
            const first = from === undefined ? (isLast ? most : 0) : from < 0 ? Math.max(this.length + from, isLast ? -1 : 0) : from;
            const holds = (at) => { for (let i = 0; i < bytes.length; i++) if (this[at + i] !== bytes[i]) return false; return true; };
            if (isLast) { for (let at = Math.min(first, most); at >= 0; at--) if (holds(at)) return at; }
            else for (let at = first; at <= most; at++) if (holds(at)) return at;
            return -1;
        }
        indexOf(value, from, encoding) { return this.#find(value, from, encoding, false); }
        lastIndexOf(value, from, encoding) { return this.#find(value, from, encoding, true); }
        includes(value, from, encoding) { return this.indexOf(value, from, encoding) !== -1; }
        #swap(size) {
            if (this.length % size) throw coded(RangeError, "ERR_INVALID_BUFFER_SIZE", `Buffer size must be a multiple of ${size * 8}-bits`);
            for (let at = 0; at < this.length; at += size) Uint8Array.prototype.reverse.call(viewed(this).subarray(at, at + size));
            return this;
        }
        swap16() { return this.#swap(2); }
        swap32() { return this.#swap(4); }
        swap64() { return this.#swap(8); }
        [inspect.custom]() {
            const hex = Array.from(viewed(this).subarray(0, SHOWN), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
            const more = this.length > SHOWN ? ` ... ${this.length - SHOWN} more byte${this.length > SHOWN + 1 ? "s" : ""}` : "";
            return `<Buffer ${hex}${more}>`;
        }
    }
    // Numbers in it, named as node names them: readUInt32LE, writeDoubleBE …
    const NUMBERS = [["UInt8", "Uint8", 1], ["Int8", "Int8", 1], ["UInt16", "Uint16", 2], ["Int16", "Int16", 2], ["UInt32", "Uint32", 4], ["Int32", "Int32", 4],
        ["Float", "Float32", 4], ["Double", "Float64", 8], ["BigUInt64", "BigUint64", 8], ["BigInt64", "BigInt64", 8]];
    const fits = (name, size, value) => {
        if (/Float|Double/.test(name)) return;
        const bits = BigInt(size * 8), isSigned = !name.includes("UI"), least = isSigned ? -(2n ** (bits - 1n)) : 0n, most = isSigned ? 2n ** (bits - 1n) - 1n : 2n ** bits - 1n;
        const isOne = typeof value === "bigint" || Number.isFinite(value);
        if (isOne && value >= least && value <= most) return;
        throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "value" is out of range. It must be >= ${least} and <= ${most}. Received ${value}`);
    };
    for (const [name, kind, size] of NUMBERS) {
        for (const order of size === 1 ? [""] : ["LE", "BE"]) {
            const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength), isLittle = order === "LE";
            const read = function (offset = 0) { return view(this)[`get${kind}`](place(offset, size, this.length), isLittle); };
            const write = function (value, offset = 0) {
                fits(name, size, value);
                view(this)[`set${kind}`](place(offset, size, this.length), value, isLittle);
                return offset + size;
            };
            for (const spelled of new Set([name, name.replace("UI", "Ui")])) {
                hidden(Buffer.prototype, `read${spelled}${order}`, read);
                hidden(Buffer.prototype, `write${spelled}${order}`, write);
            }
        }
    }
    const varied = (isLittle, isSigned) => ({
        read(offset, length) {
            const bytes = Array.from(viewed(this).subarray(place(offset, length, this.length), offset + length));
            const value = (isLittle ? bytes.reverse() : bytes).reduce((sum, byte) => sum * 256 + byte, 0);
            return isSigned && value >= 2 ** (length * 8 - 1) ? value - 2 ** (length * 8) : value;
        },
        write(value, offset, length) {
            place(offset, length, this.length);
            let left = value < 0 ? value + 2 ** (length * 8) : value;
            for (let at = 0; at < length; at++, left = Math.floor(left / 256)) this[offset + (isLittle ? at : length - 1 - at)] = left % 256;
            return offset + length;
        },
    });
    for (const [name, isSigned] of [["UInt", false], ["Int", true]]) {
        for (const order of ["LE", "BE"]) {
            const { read, write } = varied(order === "LE", isSigned);
            hidden(Buffer.prototype, `read${name}${order}`, read);
            hidden(Buffer.prototype, `write${name}${order}`, write);
        }
    }
    hidden(global, "Buffer", Buffer);
    const more = {
        isUtf8: (bytes) => { const [, used, isExact] = host.decodeUtf8(viewed(bytes)); return isExact && used === bytes.byteLength; },
        isAscii: (bytes) => viewed(bytes).every((byte) => byte < 128),
        transcode: (bytes, from, to) => Buffer.from(textOf(viewed(bytes), from), to),
    };
    return { Buffer, wrong, kindOf, more };
}
