// Streams, blobs and what `fetch` takes and gives: all of it is in memory, so a stream is a queue.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;
    const { isBytes, viewed, TextDecoder } = parts.text;
    const { inspect } = parts.show;
    const { URL, URLSearchParams } = parts.url;
    const { DOMException } = parts.events;
    const wrong = (message) => coded(TypeError, "ERR_INVALID_STATE", `Invalid state: ${message}`);
    const deferred = () => { const made = {}; made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject })); return made; };
    const utf8 = (bytes) => new TextDecoder().decode(bytes);
    const joined = (chunks) => {
        const all = new Uint8Array(chunks.reduce((sum, one) => sum + one.length, 0));
        let at = 0;
        for (const one of chunks) { all.set(one, at); at += one.length; }
        return all;
    };

    // --- ReadableStream ---------------------------------------------------------------------------------------------------
    class ReadableStream {
        #source; #queue = []; #waiting = []; #state = "open"; #error; #isPulling = false; #reader; #controller;
        constructor(source = {}) {
            this.#source = source;
            const controller = {
                enqueue: (chunk) => {
                    if (this.#state !== "open") throw wrong("Controller is already closed");
                    const next = this.#waiting.shift();
                    if (next) next.resolve({ value: chunk, done: false }); else this.#queue.push(chunk);
                },
                close: () => {
                    if (this.#state !== "open") throw wrong("Controller is already closed");
                    this.#end("closed");
                },
                error: (error) => { if (this.#state === "open") this.#end("failed", error); },
            };
            Object.defineProperty(controller, "desiredSize", { get: () => (this.#state === "open" ? 1 - this.#queue.length : 0) });
            this.#controller = controller;
            source.start?.(controller);
        }
        #end(state, error) {
            this.#state = state;
            this.#error = error;
            if (state === "failed") this.#queue = [];
            for (const { resolve, reject } of this.#waiting.splice(0)) state === "failed" ? reject(error) : resolve({ value: undefined, done: true });
        }
        async #pull() {
            if (this.#isPulling || this.#state !== "open" || !this.#source.pull) return;
            this.#isPulling = true;
            try {
                while (this.#state === "open" && this.#waiting.length > 0) await this.#source.pull(this.#controller);
            } catch (error) {
                this.#end("failed", error);
            }
            this.#isPulling = false;
        }
        #read() {
            if (this.#queue.length > 0) return Promise.resolve({ value: this.#queue.shift(), done: false });
            if (this.#state === "closed") return Promise.resolve({ value: undefined, done: true });
            if (this.#state === "failed") return Promise.reject(this.#error);
            const read = new Promise((resolve, reject) => { this.#waiting.push({ resolve, reject }); });
            this.#pull();
            return read;
        }
        async #cancel(reason) {
            if (this.#state !== "open") return;
            this.#queue = [];
            this.#end("closed");
            await this.#source.cancel?.(reason);
        }
        [inspect.custom]() { return `ReadableStream ${inspect({ locked: this.locked, state: this.#state === "failed" ? "errored" : this.#state === "open" || this.#queue.length > 0 ? "readable" : "closed", supportsBYOB: false })}`; }
        get locked() { return this.#reader !== undefined; }
        getReader() {
            if (this.#reader) throw wrong("ReadableStream is locked");
            const mine = (action) => (...values) => (this.#reader === reader ? action(...values) : Promise.reject(wrong("The reader is not attached to a stream")));
            const reader = { read: mine(() => this.#read()), cancel: mine((reason) => this.#cancel(reason)), releaseLock: () => { if (this.#reader === reader) this.#reader = undefined; } };
            return (this.#reader = reader);
        }
        cancel(reason) { return this.locked ? Promise.reject(wrong("ReadableStream is locked")) : this.#cancel(reason); }
        async *values({ preventCancel = false } = {}) {
            const reader = this.getReader();
            let isOver = false;
            try {
                for (;;) {
                    const { value, done } = await reader.read();
                    if (done) { isOver = true; return; }
                    yield value;
                }
            } finally {
                if (!isOver && !preventCancel) await this.#cancel();
                reader.releaseLock();
            }
        }
        [Symbol.asyncIterator](options) { return this.values(options); }
        tee() {
            const reader = this.getReader(), both = [];
            const one = () => new ReadableStream({
                start(controller) { both.push(controller); },
                async pull() {
                    const { value, done } = await reader.read();
                    for (const controller of both) done ? controller.close() : controller.enqueue(value);
                },
            });
            return [one(), one()];
        }
        async pipeTo(into, { preventClose = false, preventAbort = false, preventCancel = false, signal } = {}) {
            const reader = this.getReader(), writer = into.getWriter();
            try {
                for (;;) {
                    if (signal?.aborted) throw signal.reason;
                    const { value, done } = await reader.read();
                    if (done) break;
                    await writer.write(value);
                }
                if (!preventClose) await writer.close();
            } catch (error) {
                if (!preventCancel) await this.#cancel(error);
                if (!preventAbort) await writer.abort(error);
                throw error;
            } finally {
                reader.releaseLock();
                writer.releaseLock();
            }
        }
        pipeThrough({ readable, writable }, options) {
            this.pipeTo(writable, options).catch(() => {});
            return readable;
        }
        static from(values) {
            const iterator = values[Symbol.asyncIterator]?.() ?? values[Symbol.iterator]();
            return new ReadableStream({
                async pull(controller) {
                    const { value, done } = await iterator.next();
                    if (done) controller.close(); else controller.enqueue(await value);
                },
                async cancel(reason) { await iterator.return?.(reason); },
            });
        }
    }

    // --- WritableStream and TransformStream -------------------------------------------------------------------------------
    class WritableStream {
        #sink; #state = "open"; #error; #last; #writer; #controller; #gone = deferred();
        constructor(sink = {}) {
            this.#sink = sink;
            this.#gone.promise.catch(() => {});
            this.#controller = { error: (error) => this.#fail(error) };
            this.#last = Promise.resolve(sink.start?.(this.#controller)).catch((error) => this.#fail(error));
        }
        #fail(error) {
            if (this.#state !== "open" && this.#state !== "closing") return;
            [this.#state, this.#error] = ["failed", error];
            this.#gone.reject(error);
        }
        // One piece of work after the other; the first that fails ends all.
        #then(action) {
            const turn = this.#last.then(async () => {
                if (this.#state === "failed") throw this.#error;
                try { return await Promise.race([action(), this.#gone.promise]); } catch (error) { this.#fail(error); throw error; }
            });
            this.#last = turn.catch(() => {});
            return turn;
        }
        #write(chunk) {
            if (this.#state === "failed") return Promise.reject(this.#error);
            if (this.#state !== "open") return Promise.reject(wrong("WritableStream is closed"));
            return this.#then(async () => this.#sink.write?.(chunk, this.#controller));
        }
        async #close() {
            if (this.#state === "failed") throw this.#error;
            if (this.#state !== "open") throw wrong("WritableStream is closed");
            this.#state = "closing";
            await this.#then(async () => this.#sink.close?.());
            this.#state = "closed";
            this.#gone.resolve();
        }
        async #abort(reason) {
            if (this.#state === "closed" || this.#state === "failed") return;
            this.#fail(reason);
            await this.#sink.abort?.(reason);
        }
        get locked() { return this.#writer !== undefined; }
        getWriter() {
            if (this.#writer) throw wrong("WritableStream is locked");
            const writer = { write: (chunk) => this.#write(chunk), close: () => this.#close(), abort: (reason) => this.#abort(reason), releaseLock: () => { if (this.#writer === writer) this.#writer = undefined; } };
            Object.defineProperty(writer, "ready", { get: () => (this.#state === "failed" ? Promise.reject(this.#error) : this.#last.then(() => undefined)) });
            Object.defineProperty(writer, "closed", { get: () => this.#gone.promise.then(() => undefined) });
            Object.defineProperty(writer, "desiredSize", { get: () => (this.#state === "failed" ? null : this.#state === "open" ? 1 : 0) });
            return (this.#writer = writer);
        }
        close() { return this.locked ? Promise.reject(wrong("WritableStream is locked")) : this.#close(); }
        abort(reason) { return this.locked ? Promise.reject(wrong("WritableStream is locked")) : this.#abort(reason); }
        [inspect.custom]() { return `WritableStream ${inspect({ locked: this.locked, state: this.#state === "failed" ? "errored" : this.#state === "closed" ? "closed" : "writable" })}`; }
    }
    // What is written waits until something reads what it becomes, so that a stream without end is not read ahead.
    class TransformStream {
        #readable; #writable;
        constructor(transformer = {}) {
            let wanted = deferred(), fed = deferred(), output, input;
            const controller = {
                enqueue: (chunk) => { output.enqueue(chunk); wanted = deferred(); fed.resolve(); },
                error: (error) => { output.error(error); input.error(error); fed.resolve(); },
                terminate: () => { output.close(); fed.resolve(); input.error(wrong("TransformStream terminated")); },
                get desiredSize() { return output.desiredSize; },
            };
            this.#readable = new ReadableStream({
                start(one) { output = one; },
                pull() { fed = deferred(); wanted.resolve(); return fed.promise; },
                cancel(reason) { input.error(reason); },
            });
            this.#writable = new WritableStream({
                async start(one) { input = one; await transformer.start?.(controller); },
                async write(chunk) {
                    await wanted.promise;
                    try { await (transformer.transform ? transformer.transform(chunk, controller) : controller.enqueue(chunk)); } catch (error) { controller.error(error); throw error; }
                },
                async close() {
                    try { await transformer.flush?.(controller); } catch (error) { controller.error(error); throw error; }
                    output.close();
                    fed.resolve();
                },
                abort(reason) { output.error(reason); fed.resolve(); },
            });
        }
        get readable() { return this.#readable; }
        get writable() { return this.#writable; }
        [inspect.custom]() { return `TransformStream ${inspect({ readable: this.readable, writable: this.writable, backpressure: true })}`; }
    }
    class TextDecoderStream extends TransformStream {
        #decoder;
        constructor(label, options) {
            const decoder = new TextDecoder(label, options), told = (text, controller) => { if (text !== "") controller.enqueue(text); };
            super({ transform: (chunk, controller) => told(decoder.decode(chunk, { stream: true }), controller), flush: (controller) => told(decoder.decode(), controller) });
            this.#decoder = decoder;
        }
        get encoding() { return this.#decoder.encoding; }
    }
    class TextEncoderStream extends TransformStream {
        constructor() { super({ transform: (chunk, controller) => { const bytes = host.encodeUtf8(String(chunk)); if (bytes.length > 0) controller.enqueue(bytes); } }); }
        get encoding() { return "utf-8"; }
    }
    // A stream packs or unpacks what was written to it once that has ended.
    const packing = (names) => class extends TransformStream {
        constructor(format) {
            if (!Object.hasOwn(names, format)) throw coded(TypeError, "ERR_INVALID_ARG_VALUE", `The argument 'format' must be one of: ${Object.keys(names).map((one) => `'${one}'`).join(", ")}. Received ${inspect(format)}`);
            const chunks = [];
            super({
                transform(chunk) { chunks.push(viewed(chunk).slice()); },
                flush(controller) { controller.enqueue(new Uint8Array(parts.zlib.zlib[names[format]](joined(chunks)))); },
            });
        }
    };
    const CompressionStream = packing({ deflate: "deflateSync", "deflate-raw": "deflateRawSync", gzip: "gzipSync" });
    const DecompressionStream = packing({ deflate: "inflateSync", "deflate-raw": "inflateRawSync", gzip: "gunzipSync" });

    // --- Blob and File ----------------------------------------------------------------------------------------------------
    const typed = (type) => (/^[\x20-\x7e]*$/.test(type) ? type.toLowerCase() : "");
    let bytesOfBlob;
    class Blob {
        #bytes; #type;
        static { bytesOfBlob = (blob) => blob.#bytes; }
        constructor(chunks = [], { type = "" } = {}) {
            if (typeof chunks !== "object" || typeof chunks[Symbol.iterator] !== "function") throw coded(TypeError, "ERR_INVALID_ARG_TYPE", 'The "sources" argument must be an instance of Sequence');
            this.#bytes = joined([...chunks].map((one) => (one instanceof Blob ? one.#bytes : isBytes(one) ? viewed(one) : host.encodeUtf8(String(one)))));
            this.#type = typed(String(type));
        }
        get size() { return this.#bytes.length; }
        get type() { return this.#type; }
        slice(start, end, type = "") { return new Blob([this.#bytes.subarray(start, end)], { type }); }
        async text() { return utf8(this.#bytes); }
        async bytes() { return this.#bytes.slice(); }
        async arrayBuffer() { return this.#bytes.slice().buffer; }
        stream() { const bytes = this.#bytes.slice(); return new ReadableStream({ start(controller) { if (bytes.length) controller.enqueue(bytes); controller.close(); } }); }
        get [Symbol.toStringTag]() { return this.constructor.name; }
        [inspect.custom]() { return `Blob ${inspect({ size: this.size, type: this.type })}`; }
    }
    class File extends Blob {
        #name; #modified;
        constructor(chunks, name, options = {}) {
            super(chunks, options);
            this.#name = String(name);
            this.#modified = options.lastModified ?? Date.now();
        }
        get name() { return this.#name; }
        get lastModified() { return this.#modified; }
        [inspect.custom]() { return `File ${inspect({ size: this.size, type: this.type, name: this.name, lastModified: this.lastModified })}`; }
    }

    // --- Headers ----------------------------------------------------------------------------------------------------------
    const fieldName = (name) => {
        if (!/^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/.test(name)) throw new TypeError(`Headers: ${inspect(String(name))} is an invalid header name.`);
        return String(name).toLowerCase();
    };
    const fieldValue = (value) => {
        const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
        if (/[\0\n\r]|[^\x00-\xff]/.test(text)) throw new TypeError(`Headers: ${inspect(text)} is an invalid header value.`);
        return text;
    };
    class Headers {
        // Their names are shown as they were given.
        #fields = new Map(); #names = new Map();
        constructor(from) {
            if (from === undefined || from === null) return;
            if (typeof from !== "object") throw new TypeError("Headers: the argument is an object, or pairs of names and values");
            for (const [name, value] of typeof from[Symbol.iterator] === "function" ? from : Object.entries(from)) this.append(name, value);
        }
        append(name, value) {
            const key = fieldName(name), kept = this.#fields.get(key);
            this.#fields.set(key, [...(kept ?? []), fieldValue(value)]);
            if (!kept) this.#names.set(key, String(name));
        }
        set(name, value) { this.#fields.set(fieldName(name), [fieldValue(value)]); this.#names.set(fieldName(name), String(name)); }
        get(name) { return this.#fields.get(fieldName(name))?.join(", ") ?? null; }
        getSetCookie() { return [...(this.#fields.get("set-cookie") ?? [])]; }
        has(name) { return this.#fields.has(fieldName(name)); }
        delete(name) { this.#fields.delete(fieldName(name)); }
        *entries() {
            for (const name of [...this.#fields.keys()].sort()) {
                if (name === "set-cookie") for (const value of this.#fields.get(name)) yield [name, value];
                else yield [name, this.get(name)];
            }
        }
        *keys() { for (const [name] of this.entries()) yield name; }
        *values() { for (const [, value] of this.entries()) yield value; }
        forEach(action, self) { for (const [name, value] of this.entries()) action.call(self, value, name, this); }
        [Symbol.iterator]() { return this.entries(); }
        get [Symbol.toStringTag]() { return "Headers"; }
        [inspect.custom]() { return `Headers ${inspect(Object.fromEntries([...this.#fields].map(([key, values]) => [this.#names.get(key), values.join(", ")])))}`; }
    }

    // What a form holds is a file, with a name.
    const named = (blob, name) => (blob instanceof File && name === undefined ? blob : new File([blob], name ?? "blob", { type: blob.type, lastModified: blob.lastModified }));
    class FormData {
        #pairs = [];
        append(name, value, filename) { this.#pairs.push([String(name), value instanceof Blob ? named(value, filename) : String(value)]); }
        set(name, ...given) { this.delete(name); this.append(name, ...given); }
        delete(name) { this.#pairs = this.#pairs.filter(([one]) => one !== String(name)); }
        get(name) { return this.#pairs.find(([one]) => one === String(name))?.[1] ?? null; }
        getAll(name) { return this.#pairs.filter(([one]) => one === String(name)).map(([, value]) => value); }
        has(name) { return this.#pairs.some(([one]) => one === String(name)); }
        *entries() { for (const pair of this.#pairs) yield [...pair]; }
        *keys() { for (const [name] of this.#pairs) yield name; }
        *values() { for (const [, value] of this.#pairs) yield value; }
        forEach(action, self) { for (const [name, value] of this.#pairs) action.call(self, value, name, this); }
        [Symbol.iterator]() { return this.entries(); }
        get [Symbol.toStringTag]() { return "FormData"; }
    }

    // --- Request, Response ------------------------------------------------------------------------------------------------
    // [BYTES or STREAM, TYPE] of what a body is given as.
    const bodyOf = (given) => {
        if (given === null || given === undefined) return [null, undefined];
        if (given instanceof ReadableStream) return [given, undefined];
        if (given instanceof Blob) return [bytesOfBlob(given), given.type || undefined];
        if (isBytes(given)) return [viewed(given).slice(), undefined];
        if (given instanceof URLSearchParams) return [host.encodeUtf8(given.toString()), "application/x-www-form-urlencoded;charset=UTF-8"];
        if (given instanceof FormData) throw new TypeError("a FormData as a body is not supported here; send a URLSearchParams or JSON");
        return [host.encodeUtf8(String(given)), "text/plain;charset=UTF-8"];
    };
    class Body {
        #body; #isUsed = false; #stream;
        constructor(given, headers) {
            const [body, type] = bodyOf(given);
            this.#body = body;
            hidden(this, "headers", new Headers(headers));
            if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
        }
        get bodyUsed() { return this.#isUsed; }
        get body() {
            if (this.#body === null || this.#body instanceof ReadableStream) return this.#body;
            return (this.#stream ??= new Blob([this.#body]).stream());
        }
        async bytes() {
            if (this.#isUsed || this.body?.locked) throw new TypeError("Body is unusable: Body has already been read");
            this.#isUsed = this.#body !== null;
            if (!(this.#body instanceof ReadableStream)) return this.#body?.slice() ?? new Uint8Array();
            const chunks = [];
            for await (const chunk of this.#body) chunks.push(isBytes(chunk) ? viewed(chunk) : host.encodeUtf8(String(chunk)));
            return joined(chunks);
        }
        async arrayBuffer() { return (await this.bytes()).buffer; }
        async text() { return utf8(await this.bytes()); }
        async json() { return JSON.parse(await this.text()); }
        async blob() { return new Blob([await this.bytes()], { type: this.headers.get("content-type") ?? "" }); }
        async formData() { return [...new URLSearchParams(await this.text())].reduce((form, [name, value]) => { form.append(name, value); return form; }, new FormData()); }
        get copied() { return this.#body; }
    }
    const clone = (one, kind) => { if (one.bodyUsed) throw new TypeError(`${kind}.clone: Body has already been consumed.`); return one.copied; };
    class Response extends Body {
        #status; #statusText; #url;
        constructor(body = null, { status = 200, statusText = "", headers, url = "" } = {}) {
            super(body, headers);
            if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
            [this.#status, this.#statusText, this.#url] = [status, String(statusText), url];
        }
        get status() { return this.#status; }
        get statusText() { return this.#statusText; }
        get ok() { return this.#status < 300; }
        get url() { return this.#url; }
        get redirected() { return false; }
        get type() { return this.#url === "" ? "default" : "basic"; }
        clone() { return new Response(clone(this, "Response"), { status: this.status, statusText: this.statusText, headers: this.headers, url: this.url }); }
        static json(value, options = {}) {
            const made = new Response(JSON.stringify(value), options);
            if (!new Headers(options.headers).has("content-type")) made.headers.set("content-type", "application/json");
            return made;
        }
        static redirect(url, status = 302) { return new Response(null, { status, headers: { location: new URL(url).href } }); }
        get [Symbol.toStringTag]() { return "Response"; }
        [inspect.custom](depth, options) {
            const { status, statusText, headers, body, bodyUsed, ok, redirected, type, url } = this;
            return `Response ${inspect({ status, statusText, headers, body, bodyUsed, ok, redirected, type, url }, options)}`;
        }
    }
    class Request extends Body {
        #url; #method; #signal;
        constructor(from, { method, headers, body, signal } = {}) {
            const other = from instanceof Request ? from : undefined;
            const name = String(method ?? other?.method ?? "GET"), verb = /^(delete|get|head|options|post|put)$/i.test(name) ? name.toUpperCase() : name;
            const content = body ?? other?.copied ?? null;
            if (content !== null && /^(GET|HEAD)$/.test(verb)) throw new TypeError("Request with GET/HEAD method cannot have body.");
            super(content, headers ?? other?.headers);
            let url;
            try { url = new URL(other?.url ?? String(from)); } catch (cause) { throw new TypeError(`Failed to parse URL from ${from}`, { cause }); }
            if (url.username || url.password) throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${url}`);
            [this.#url, this.#method, this.#signal] = [url.href, verb, signal ?? other?.signal];
        }
        get url() { return this.#url; }
        get method() { return this.#method; }
        get signal() { return this.#signal; }
        clone() { return new Request(this.url, { method: this.method, headers: this.headers, body: clone(this, "Request"), signal: this.signal }); }
        get [Symbol.toStringTag]() { return "Request"; }
    }

    for (const [name, value] of Object.entries({ ReadableStream, WritableStream, TransformStream, TextDecoderStream, TextEncoderStream, CompressionStream, DecompressionStream, Blob, File, Headers, FormData, Response, Request })) hidden(global, name, value);
    return { ReadableStream, Blob, File, Headers, Request, Response, DOMException };
}
