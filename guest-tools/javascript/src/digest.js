// Digests, keyed digests and chance: `crypto` of the web platform, and node's.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;
    const { isBytes, viewed, bytesOf, textOf } = parts.text;
    const { Buffer, wrong } = parts.buffer;
    const { DOMException } = parts.events, { Transform } = parts.stream.stream;
    const NAMES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-256"], BLOCKS = { "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };
    const buffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const given = (bytes, encoding) => (encoding === undefined || encoding === "buffer" ? buffer(bytes) : textOf(bytes, encoding));
    const part = (data, encoding, name = "data") => {
        if (typeof data === "string") return bytesOf(data, encoding === undefined || encoding === "buffer" ? "utf8" : encoding);
        if (isBytes(data)) return viewed(data);
        throw wrong(name, "of type string or an instance of Buffer, TypedArray, or DataView", data);
    };
    const nameOf = (name) => {
        if (typeof name !== "string") throw wrong("algorithm", "of type string", name);
        const plain = name.toLowerCase().replace(/^rsa-/, "").replace(/^sha2-|^sha-(?=\d)/, "sha").replace("sha512/256", "sha512-256");
        if (NAMES.includes(plain)) return plain;
        throw coded(Error, "ERR_OSSL_EVP_UNSUPPORTED", `Digest method not supported: ${name}; supported are ${NAMES.join(", ")}`);
    };

    // --- chance ---------------------------------------------------------------------------------------------------------
    const FILL = 65536;
    const filled = (array) => { const bytes = viewed(array); bytes.set(host.entropy(bytes.length)); return array; };
    const getRandomValues = (array) => {
        if (!ArrayBuffer.isView(array) || /Float|DataView/.test(array.constructor.name)) throw new DOMException("The data argument must be an integer-type TypedArray", "TypeMismatchError");
        if (array.byteLength > FILL) throw new DOMException(`The requested length exceeds ${FILL} bytes`, "QuotaExceededError");
        return filled(array);
    };
    const randomUUID = () => {
        const bytes = host.entropy(16);
        bytes[6] = (bytes[6] & 15) | 64;
        bytes[8] = (bytes[8] & 63) | 128;
        return textOf(bytes, "hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    };
    const answered = (callback, value) => { if (callback === undefined) return value; global.setImmediate(() => callback(null, value)); };
    const randomBytes = (size, callback) => {
        if (typeof size !== "number") throw wrong("size", "of type number", size);
        if (!(size >= 0 && size <= 2 ** 31 - 1)) throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "size" is out of range. It must be >= 0 && <= 2147483647. Received ${size}`);
        return answered(callback, buffer(host.entropy(size)));
    };
    const randomInt = (least, most, callback) => {
        if (most === undefined || typeof most === "function") [least, most, callback] = [0, least, most];
        if (!Number.isSafeInteger(least)) throw wrong("min", "a safe integer", least);
        if (!Number.isSafeInteger(most)) throw wrong("max", "a safe integer", most);
        if (most <= least) throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "max" is out of range. It must be greater than the value of "min" (${least}). Received ${most}`);
        const range = most - least, LIMIT = 2 ** 48;
        if (range >= LIMIT) throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "max - min" is out of range. It must be <= ${LIMIT - 1}. Received ${range}`);
        // Numbers beyond the last multiple of the range would make the first ones likelier.
        for (;;) {
            const drawn = host.entropy(6).reduce((sum, byte) => sum * 256 + byte, 0);
            if (drawn < LIMIT - (LIMIT % range)) return answered(callback, least + (drawn % range));
        }
    };

    // --- node's -----------------------------------------------------------------------------------------------------------
    const joined = (chunks) => (chunks.length === 1 ? chunks[0] : viewed(Buffer.concat(chunks)));
    class Digest {
        #chunks = []; #end; #isOver = false; #again;
        constructor(end) { this.#end = end; }
        update(data, encoding) {
            if (this.#isOver) throw coded(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
            this.#chunks.push(part(data, encoding).slice());
            return this;
        }
        digest(encoding) {
            if (this.#isOver) throw coded(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
            this.#isOver = true;
            return given(this.#end(joined(this.#chunks)), encoding);
        }
        copied(made) { if (this.#isOver) throw coded(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called"); made.#chunks = [...this.#chunks]; return made; }
        // The stream that it is, made when something asks for it: most digests are asked for none. What is written counts at once.
        #flowing; #isPushed = false;
        static flowOf(one) {
            return one.#flowing ??= new Transform({ transform(chunk, encoding, done) { done(); }, flush(done) { one.#push(this); done(); } });
        }
        #push(flow) {
            if (this.#isPushed) return;
            this.#isPushed = true;
            flow.push(buffer(this.#end(joined(this.#chunks))));
        }
        write(chunk, ...rest) {
            const flow = flowOf(this), isOver = flow.writableEnded, answer = flow.write(chunk, ...rest);
            if (!isOver) this.update(chunk, typeof rest[0] === "string" ? rest[0] : undefined);
            return answer;
        }
        end(chunk, ...rest) {
            const isChunk = chunk !== undefined && chunk !== null && typeof chunk !== "function";
            if (isChunk) this.write(chunk, ...rest.filter((one) => typeof one === "string"));
            const done = [chunk, ...rest].find((one) => typeof one === "function");
            flowOf(this).end(...(done ? [done] : []));
            return this;
        }
        read() {
            const flow = flowOf(this);
            if (flow.writableEnded) this.#push(flow);
            return flow.read();
        }
    }
    const { flowOf } = Digest;
    delete Digest.flowOf;
    Object.setPrototypeOf(Digest.prototype, Transform.prototype);
    // All that a stream has, the digest has by its own stream.
    for (let from = Transform.prototype; from !== Object.prototype; from = Object.getPrototypeOf(from)) {
        for (const name of Reflect.ownKeys(from)) {
            const { value } = Object.getOwnPropertyDescriptor(from, name);
            if (typeof value !== "function" || name === "constructor" || Object.hasOwn(Digest.prototype, name)) continue;
            hidden(Digest.prototype, name, function (...values) {
                const flow = flowOf(this), answer = flow[name](...values);
                return answer === flow ? this : answer;
            });
        }
    }
    for (const name of ["destroyed", "errored", "readable", "readableEnded", "readableObjectMode", "writable", "writableEnded", "writableFinished", "writableObjectMode"]) {
        Object.defineProperty(Digest.prototype, name, { get() { return flowOf(this)[name]; }, configurable: true });
    }
    class Hash extends Digest {
        #name;
        constructor(name) { const known = nameOf(name); super((bytes) => host.digest(known, bytes)); this.#name = known; }
        copy() { return this.copied(new Hash(this.#name)); }
    }
    class Hmac extends Digest {
        constructor(name, key) {
            const known = nameOf(name), bytes = keyBytes(key);
            super((data) => host.hmac(known, bytes, data));
        }
    }
    const MOST_ROUNDS = 2 ** 31 - 1;
    const count = (name, value, least) => {
        if (typeof value !== "number") throw wrong(name, "of type number", value);
        if (Number.isInteger(value) && value >= least && value <= MOST_ROUNDS) return value;
        throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "${name}" is out of range. It must be >= ${least} && <= ${MOST_ROUNDS}. Received ${value}`);
    };
    const hkdfSync = (name, key, salt, info, length) => {
        const known = nameOf(name), one = host.digest(known, new Uint8Array()).length, told = part(info);
        if (length > 255 * one) throw coded(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
        const secret = host.hmac(known, part(salt), part(key)), pieces = [];
        for (let at = 1; (at - 1) * one < length; at++) pieces.push(host.hmac(known, secret, Buffer.concat([...pieces.slice(-1), told, Uint8Array.of(at)])));
        return new Uint8Array(Buffer.concat(pieces).subarray(0, length)).buffer;
    };
    const pbkdf2Sync = (password, salt, rounds, length, name) =>
        buffer(host.pbkdf2(nameOf(name), part(password, undefined, "password"), part(salt, undefined, "salt"), count("iterations", rounds, 1), count("keylen", length, 0)));
    const timingSafeEqual = (one, other) => {
        for (const [name, value] of [["buf1", one], ["buf2", other]]) if (!isBytes(value)) throw wrong(name, "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", value);
        const [a, b] = [viewed(one), viewed(other)];
        if (a.length !== b.length) throw coded(RangeError, "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", "Input buffers must have the same byte length");
        return a.reduce((differs, byte, at) => differs | (byte ^ b[at]), 0) === 0;
    };

    // --- the web platform's -----------------------------------------------------------------------------------------------
    let secretOf, makeKey;
    class CryptoKey {
        #secret;
        static {
            secretOf = (key) => (key instanceof CryptoKey ? key.#secret : undefined);
            makeKey = (secret, algorithm, extractable, usages) => {
                const key = new CryptoKey(makeKey);
                key.#secret = secret;
                return Object.assign(key, { type: "secret", extractable: Boolean(extractable), algorithm, usages: [...usages] });
            };
        }
        constructor(token) { if (token !== makeKey) throw coded(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor"); }
        get [Symbol.toStringTag]() { return "CryptoKey"; }
    }
    const keyBytes = (key) => secretOf(key) ?? (key?.secret instanceof Uint8Array ? key.secret : part(key, undefined, "key"));
    const unsupported = (name) => new DOMException(`Unrecognized algorithm name: ${String(name)}; there are SHA-1, SHA-256, SHA-384, SHA-512, HMAC and PBKDF2`, "NotSupportedError");
    const named = (algorithm) => String(typeof algorithm === "object" && algorithm !== null ? algorithm.name : algorithm).toUpperCase();
    const hashOf = (algorithm) => { const name = named(algorithm); if (!Object.hasOwn(BLOCKS, name)) throw unsupported(name); return name; };
    const web = (data, name) => { if (isBytes(data)) return viewed(data).slice(); throw wrong(name, "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", data); };
    const bare = (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer);
    const short = (hash) => hash.toLowerCase().replace("-", "");
    const may = (key, usage, name) => {
        if (!(key instanceof CryptoKey)) throw wrong("key", "an instance of CryptoKey", key);
        if (key.algorithm.name !== name || !key.usages.includes(usage)) throw new DOMException(`The requested operation is not valid for the provided key: ${usage} by ${name}`, "InvalidAccessError");
        return secretOf(key);
    };
    const signed = (algorithm, key, data) => {
        if (named(algorithm) !== "HMAC") throw unsupported(named(algorithm));
        return host.hmac(short(key.algorithm.hash.name), secretOf(key), data);
    };
    const jwk = (key) => ({ key_ops: key.usages, ext: key.extractable, kty: "oct", k: textOf(secretOf(key), "base64url"), alg: `HS${key.algorithm.hash.name.slice(4)}` });
    const subtle = {
        async digest(algorithm, data) { return bare(host.digest(short(hashOf(algorithm)), web(data, "data"))); },
        async importKey(format, data, algorithm, extractable, usages) {
            const name = named(algorithm);
            if (!["raw", "jwk"].includes(format) || (format === "jwk" && name !== "HMAC")) throw new DOMException(`Unable to import ${name} keys using the format ${format}; there is raw, and jwk of HMAC`, "NotSupportedError");
            const secret = format === "jwk" ? bytesOf(String(data.k), "base64url") : web(data, "keyData");
            if (name === "PBKDF2") return makeKey(secret, { name }, false, usages);
            if (name !== "HMAC") throw unsupported(name);
            if (secret.length === 0) throw new DOMException("Zero-length key is not supported", "DataError");
            return makeKey(secret, { name, hash: { name: hashOf(algorithm.hash) }, length: secret.length * 8 }, extractable, usages);
        },
        async exportKey(format, key) {
            if (!key.extractable) throw new DOMException("key is not extractable", "InvalidAccessException");
            if (format === "jwk") return jwk(key);
            if (format === "raw") return bare(secretOf(key).slice());
            throw new DOMException(`Unable to export the key using the format ${format}; there are raw and jwk`, "NotSupportedError");
        },
        async generateKey(algorithm, extractable, usages) {
            if (named(algorithm) !== "HMAC") throw unsupported(named(algorithm));
            const hash = hashOf(algorithm.hash), length = algorithm.length ?? BLOCKS[hash];
            return makeKey(host.entropy(Math.ceil(length / 8)), { name: "HMAC", length, hash: { name: hash } }, extractable, usages);
        },
        async sign(algorithm, key, data) { may(key, "sign", "HMAC"); return bare(signed(algorithm, key, web(data, "data"))); },
        async verify(algorithm, key, signature, data) {
            may(key, "verify", "HMAC");
            const made = signed(algorithm, key, web(data, "data")), told = web(signature, "signature");
            return made.length === told.length && timingSafeEqual(made, told);
        },
        async deriveBits(algorithm, key, length) {
            if (named(algorithm) !== "PBKDF2") throw unsupported(named(algorithm));
            return bare(host.pbkdf2(short(hashOf(algorithm.hash)), may(key, "deriveBits", "PBKDF2"), web(algorithm.salt, "salt"), count("iterations", algorithm.iterations, 1), length / 8));
        },
    };
    for (const name of ["encrypt", "decrypt", "deriveKey", "wrapKey", "unwrapKey"]) {
        subtle[name] = async () => { throw new DOMException(`crypto.subtle.${name} is not here; there are ${Object.keys(subtle).slice(0, 7).join(", ")}`, "NotSupportedError"); };
    }
    const webcrypto = { subtle, getRandomValues, randomUUID };
    hidden(global, "crypto", webcrypto);
    hidden(global, "CryptoKey", CryptoKey);

    const crypto = {
        createHash: (name) => new Hash(name), createHmac: (name, key) => new Hmac(name, key), Hash, Hmac, randomBytes, randomInt, randomUUID, timingSafeEqual,
        hash: (name, data, encoding = "hex") => given(host.digest(nameOf(name), part(data)), encoding),
        randomFillSync: filled, getRandomValues, pbkdf2Sync,
        pbkdf2: (password, salt, rounds, length, name, callback) => answered(callback, pbkdf2Sync(password, salt, rounds, length, name)),
        hkdfSync, hkdf: (name, key, salt, info, length, callback) => answered(callback, hkdfSync(name, key, salt, info, length)),
        createSecretKey: (key, encoding) => ({ type: "secret", secret: part(key, encoding, "key").slice(), export: () => buffer(part(key, encoding).slice()) }),
        getHashes: () => [...NAMES], webcrypto, subtle, constants: {},
    };
    const MISSING = ["createCipheriv", "createDecipheriv", "createSign", "createVerify", "generateKeyPair", "generateKeyPairSync", "scrypt", "scryptSync", "createECDH", "createDiffieHellman",
        "publicEncrypt", "privateDecrypt", "sign", "verify", "createPublicKey", "createPrivateKey"];
    for (const name of MISSING) crypto[name] = () => { throw coded(Error, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", `crypto.${name} is not here; there are createHash, createHmac, pbkdf2Sync, hkdfSync, randomBytes and crypto.subtle's HMAC`); };
    return { crypto };
}
