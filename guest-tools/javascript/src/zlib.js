// node's zlib: gzip, zlib and bare deflate, of what is in memory.
(host, parts) => {
    "use strict";
    const { coded } = parts.base;
    const { isBytes, viewed, bytesOf } = parts.text;
    const { Buffer, wrong } = parts.buffer;
    // The most that a few bytes may become where the caller names no limit.
    const MOST = 32 * 1024 * 1024;
    const CODES = { Z_DATA_ERROR: -3, Z_BUF_ERROR: -5 };
    const failed = (code, message) => Object.assign(coded(Error, code, message), { errno: CODES[code] });
    const tooLarge = (most) => coded(RangeError, "ERR_BUFFER_TOO_LARGE", `Cannot create a Buffer larger than ${most} bytes`);
    const buffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const given = (data) => {
        if (typeof data === "string") return bytesOf(data, "utf8");
        if (isBytes(data)) return viewed(data);
        throw wrong("buffer", "of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer", data);
    };
    const crc32 = (data, before = 0) => host.crc32(given(data), before | 0);
    const limit = (options) => {
        const most = options?.maxOutputLength ?? MOST;
        if (Number.isInteger(most) && most >= 1) return most;
        throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "options.maxOutputLength" is out of range. It must be >= 1. Received ${most}`);
    };
    const levelOf = (options) => {
        if (options?.dictionary !== undefined) throw new Error("zlib here packs and unpacks without a dictionary");
        const level = options?.level ?? -1;
        if (!(Number.isInteger(level) && level >= -1 && level <= 9)) throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "options.level" is out of range. It must be >= -1 and <= 9. Received ${level}`);
        return level < 0 ? 6 : level;
    };
    const little = (number) => [0, 8, 16, 24].map((shift) => (number >>> shift) & 255);

    const packed = (bytes, options, isWrapped) => host.deflate(bytes, isWrapped, levelOf(options));
    const unpacked = (bytes, isWrapped, most, told = most) => {
        if (isWrapped && bytes.length >= 2 && ((bytes[0] & 15) !== 8 || (bytes[0] * 256 + bytes[1]) % 31 !== 0)) {
            throw failed("Z_DATA_ERROR", "incorrect header check");
        }
        const [made, used] = host.inflate(bytes, isWrapped, most);
        if (made === "large") throw tooLarge(told);
        if (made === "short") throw failed("Z_BUF_ERROR", "unexpected end of file");
        if (made === "corrupt") throw failed("Z_DATA_ERROR", "invalid deflate data");
        return [made, used];
    };
    const GZIP = [31, 139, 8];
    const isGzip = (bytes) => GZIP.slice(0, 2).every((byte, at) => bytes[at] === byte);
    const gzip = (bytes, options) => Buffer.concat([Uint8Array.from([...GZIP, 0, 0, 0, 0, 0, 0, 3]), packed(bytes, options, false), Uint8Array.from([...little(crc32(bytes)), ...little(bytes.length)])]);
    // How long the header of a member is.
    const header = (bytes) => {
        if (!isGzip(bytes)) throw failed("Z_DATA_ERROR", "incorrect header check");
        if (bytes.length < 10) throw failed("Z_BUF_ERROR", "unexpected end of file");
        if (bytes[2] !== 8) throw failed("Z_DATA_ERROR", "unknown compression method");
        const flags = bytes[3], past = (from) => { const end = bytes.indexOf(0, from); if (end < 0) throw failed("Z_BUF_ERROR", "unexpected end of file"); return end + 1; };
        let at = 10;
        if (flags & 4) at += 2 + bytes[at] + bytes[at + 1] * 256;
        if (flags & 8) at = past(at);
        if (flags & 16) at = past(at);
        return flags & 2 ? at + 2 : at;
    };
    const gunzip = (bytes, most) => {
        const all = [];
        let left = most;
        // What follows a member, but for zeros, is another one.
        do {
            const start = header(bytes), [made, used] = unpacked(bytes.subarray(start), false, left, most), end = bytes.subarray(start + used, start + used + 8);
            if (end.length < 8) throw failed("Z_BUF_ERROR", "unexpected end of file");
            if (little(crc32(made)).some((byte, at) => end[at] !== byte)) throw failed("Z_DATA_ERROR", "incorrect data check");
            if (little(made.length).some((byte, at) => end[4 + at] !== byte)) throw failed("Z_DATA_ERROR", "incorrect length check");
            all.push(made);
            left -= made.length;
            bytes = bytes.subarray(start + used + 8);
        } while (bytes.length > 0 && bytes[0] !== 0);
        return all.length === 1 ? all[0] : Buffer.concat(all);
    };
    const ACTIONS = {
        gzip, deflate: (bytes, options) => packed(bytes, options, true), deflateRaw: (bytes, options) => packed(bytes, options, false),
        gunzip: (bytes, options) => gunzip(bytes, limit(options)), inflate: (bytes, options) => unpacked(bytes, true, limit(options))[0],
        inflateRaw: (bytes, options) => unpacked(bytes, false, limit(options))[0],
        unzip: (bytes, options) => (isGzip(bytes) ? gunzip(bytes, limit(options)) : unpacked(bytes, true, limit(options))[0]),
    };
    const zlib = { crc32, constants: { Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1, Z_OK: 0, Z_STREAM_END: 1, ...CODES } };
    for (const [name, action] of Object.entries(ACTIONS)) {
        zlib[`${name}Sync`] = (data, options) => { const made = action(given(data), options); return made instanceof Buffer ? made : buffer(made); };
        zlib[name] = (data, options, callback) => {
            if (typeof options === "function") [options, callback] = [undefined, options];
            if (typeof callback !== "function") throw wrong("callback", "of type function", callback);
            const bytes = given(data);
            let done;
            try { const made = zlib[`${name}Sync`](bytes, options); done = () => callback(null, made); } catch (error) { done = () => callback(error); }
            globalThis.setImmediate(done);
        };
    }
    // A stream packs or unpacks what it was given once that has ended.
    const streamOf = (name) => (options) => {
        const chunks = [];
        return new parts.stream.stream.Transform({
            transform(chunk, encoding, done) { chunks.push(Buffer.from(chunk)); done(); },
            flush(done) {
                let made;
                try { made = zlib[`${name}Sync`](Buffer.concat(chunks), options); } catch (error) { return done(error); }
                done(null, made);
            },
        });
    };
    for (const name of Object.keys(ACTIONS)) zlib[`create${name[0].toUpperCase()}${name.slice(1)}`] = streamOf(name);
    for (const name of ["BrotliCompress", "BrotliDecompress"]) zlib[`create${name}`] = () => { throw new Error(`zlib.create${name} is not here; createGzip and createGunzip are`); };
    for (const name of ["brotliCompress", "brotliDecompress"]) zlib[name] = zlib[`${name}Sync`] = () => { throw new Error(`zlib.${name} is not here; gzipSync and gunzipSync are`); };
    return { zlib };
}
