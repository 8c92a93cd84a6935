// node's stream, as far as what is in memory flows.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { coded } = parts.base;
    const { events: EventEmitter } = parts.events;
    const { Buffer } = parts.buffer;
    const { isBytes } = parts.text;
    const later = (action) => { Promise.resolve().then(action); };
    const closed = () => coded(Error, "ERR_STREAM_PREMATURE_CLOSE", "Premature close");

    class Stream extends EventEmitter {
        destroyed = false; errored = null;
        destroy(error) {
            if (this.destroyed) return this;
            this.destroyed = true;
            this.errored = error ?? null;
            const end = (failed) => { if (failed ?? error) this.emit("error", failed ?? error); this.emit("close"); };
            if (this._destroy) this._destroy(error ?? null, (failed) => later(() => end(failed))); else later(() => end());
            return this;
        }
    }
    // A readable stream: what is pushed waits until something reads it.
    class Readable extends Stream {
        #queue = []; #isOver = false; #isFlowing = false; #waits = []; #encoding; #isReading = false; #isEmitted = false;
        constructor({ read, destroy, objectMode = false, encoding, readableObjectMode, highWaterMark, readableHighWaterMark } = {}) {
            super();
            if (read) this._read = read;
            if (destroy) this._destroy = destroy;
            this.readableObjectMode = objectMode || Boolean(readableObjectMode);
            this.readableHighWaterMark = markOf(readableHighWaterMark ?? highWaterMark, this.readableObjectMode);
            this.#encoding = encoding;
            this.readable = true;
            this.readableEnded = false;
        }
        static from(values, options = {}) {
            const single = typeof values === "string" || isBytes(values) ? [values] : values;
            if (typeof single?.[Symbol.asyncIterator] !== "function" && typeof single?.[Symbol.iterator] !== "function") throw coded(TypeError, "ERR_INVALID_ARG_TYPE", 'The "iterable" argument must be an instance of Iterable');
            const iterator = single[Symbol.asyncIterator]?.() ?? single[Symbol.iterator]();
            return new Readable({
                objectMode: true, highWaterMark: 1, ...options,
                async read() {
                    try { const { value, done } = await iterator.next(); this.push(done ? null : await value); } catch (error) { this.destroy(error); }
                },
                destroy(error, callback) { Promise.resolve(iterator.return?.()).then(() => callback(error), callback); },
            });
        }
        setEncoding(encoding) { this.#encoding = encoding; return this; }
        push(chunk, encoding) {
            this.#isReading = false;
            if (chunk === null) this.#isOver = true;
            else this.#queue.push(this.readableObjectMode ? chunk : typeof chunk === "string" && !this.#encoding ? Buffer.from(chunk, encoding) : isBytes(chunk) && this.#encoding ? Buffer.from(chunk).toString(this.#encoding) : chunk);
            for (const wake of this.#waits.splice(0)) wake();
            later(() => { if (this.#isFlowing) this.#flow(); else this.emit("readable"); });
            return this.readableLength < this.readableHighWaterMark;
        }
        get readableLength() { return this.readableObjectMode ? this.#queue.length : this.#queue.reduce((sum, one) => sum + one.length, 0); }
        unshift(chunk) { this.#queue.unshift(chunk); }
        #fill() { if (!this.#isOver && !this.#isReading && !this.destroyed && this._read) { this.#isReading = true; this._read(16384); } }
        read(size) {
            if (this.#queue.length === 0) { this.#fill(); if (this.#isOver) this.#ended(); return this.#queue.shift() ?? null; }
            const chunk = this.#piece(size);
            if (this.#isOver && this.#queue.length === 0) this.#ended(); else this.#fill();
            return chunk;
        }
        // So many bytes, or nothing before there are as many; without a number, all that has come.
        #piece(size) {
            if (size === undefined || this.readableObjectMode || (this.readableLength < size && this.#isOver)) return this.#isFlowing ? this.#queue.shift() : this.#taken();
            if (this.readableLength < size) return null;
            const all = this.#taken();
            if (all.length > size) this.#queue.unshift(all.slice(size));
            return all.slice(0, size);
        }
        // What is bytes or text flows on as one piece.
        #taken() {
            if (this.readableObjectMode || this.#queue.length === 1) return this.#queue.shift();
            const all = this.#queue.splice(0);
            return all.every((one) => typeof one === "string") ? all.join("") : Buffer.concat(all.map((one) => Buffer.from(one)));
        }
        #ended() { if (!this.#isEmitted) { this.#isEmitted = true; later(() => { this.readableEnded = true; this.readable = false; this.emit("end"); this.destroy(); }); } }
        #flow() {
            while (this.#isFlowing && this.#queue.length > 0) this.emit("data", this.#queue.shift());
            if (!this.#isFlowing || this.destroyed) return;
            if (this.#isOver) this.#ended(); else this.#fill();
        }
        on(name, listener) {
            super.on(name, listener);
            if (name === "data") this.resume();
            if (name === "readable") later(() => this.#fill());
            return this;
        }
        resume() { if (!this.#isFlowing) { this.#isFlowing = true; later(() => this.#flow()); } return this; }
        pause() { this.#isFlowing = false; return this; }
        isPaused() { return !this.#isFlowing; }
        pipe(into, { end = true } = {}) {
            this.on("data", (chunk) => { if (into.write(chunk) === false) { this.pause(); into.once("drain", () => this.resume()); } });
            if (end) this.on("end", () => into.end());
            into.emit("pipe", this);
            return into;
        }
        async *[Symbol.asyncIterator]() {
            let isOver = false, failed;
            const fail = (error) => { failed = { error }; for (const wake of this.#waits.splice(0)) wake(); };
            this.on("error", fail);
            try {
                for (;;) {
                    if (failed) { isOver = true; throw failed.error; }
                    if (this.#queue.length > 0) { yield this.#taken(); continue; }
                    if (this.#isOver) { isOver = true; this.#ended(); return; }
                    if (this.destroyed) { isOver = true; throw this.errored ?? closed(); }
                    await new Promise((resolve) => { this.#waits.push(resolve); this.#fill(); });
                }
            } finally { if (!isOver) this.destroy(); }
        }
        async toArray() { const all = []; for await (const one of this) all.push(one); return all; }
        #over(action) { const source = this; return Readable.from((async function* () { for await (const one of source) yield* action(one); })()); }
        map(action) { const own = given(action); return this.#over(async function* (one) { yield await own(one); }); }
        filter(action) { const own = given(action); return this.#over(async function* (one) { if (await own(one)) yield one; }); }
        flatMap(action) { const own = given(action); return this.#over(async function* (one) { yield* await own(one); }); }
        async forEach(action) { const own = given(action); for await (const one of this) await own(one); }
        async reduce(action, ...initial) {
            const own = given(action, "reducer");
            let [held] = initial, isBegun = initial.length > 0;
            for await (const one of this) { held = isBegun ? await own(held, one) : one; isBegun = true; }
            if (!isBegun) throw coded(TypeError, "ERR_MISSING_ARGS", "Reduce of an empty stream requires an initial value");
            return held;
        }
        async #first(action) { const own = given(action); for await (const one of this) if (await own(one)) return { one }; return undefined; }
        async some(action) { return await this.#first(action) !== undefined; }
        async every(action) { const own = given(action); return await this.#first(async (one) => !await own(one)) === undefined; }
        async find(action) { return (await this.#first(action))?.one; }
        drop(number) { let left = counted(number); return this.#over(function* (one) { if (left-- <= 0) yield one; }); }
        take(number) {
            const source = this, most = counted(number);
            return Readable.from((async function* () {
                let left = most;
                if (left > 0) for await (const one of source) { yield one; if (--left <= 0) return; }
            })());
        }
        asIndexedPairs() { let at = 0; return this.#over(function* (one) { yield [at++, one]; }); }
        compose(stage) { return typeof stage === "function" ? Readable.from(stage(this)) : this.pipe(stage); }
        static fromWeb(web, options) { return Readable.from(web, { objectMode: false, ...options }); }
        static toWeb(stream) {
            const iterator = stream[Symbol.asyncIterator]();
            return new global.ReadableStream({
                async pull(controller) { const { value, done } = await iterator.next(); if (done) controller.close(); else controller.enqueue(Buffer.isBuffer(value) ? new Uint8Array(value) : value); },
                async cancel() { await iterator.return(); },
            }, { highWaterMark: 0 });
        }
    }
    // How much there may be before one waits: of bytes, or of objects.
    const markOf = (given, isOfObjects) => given ?? (isOfObjects ? 16 : 16384);
    // What is called for each: with the value, and with a signal as its options.
    const given = (action, name = "fn") => {
        if (typeof action !== "function") throw parts.buffer.wrong(name, "of type function or an instance of AsyncFunction", action);
        const options = { signal: new global.AbortController().signal };
        return (...values) => action(...values, options);
    };
    const counted = (number) => {
        if (Number(number) >= 0) return Number(number);
        throw coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "number" is out of range. It must be >= 0. Received ${number}`);
    };
    // A writable stream takes one chunk after the other. As a mixin, for a duplex stream is one too.
    const writing = (Base) => class extends Base {
        #pending = []; #isBusy = false; #isEnding = false; #length = 0; #needsDrain = false; #untold = 0; #isGiving = false;
        constructor(options = {}) {
            super(options);
            for (const name of ["write", "final", "destroy", "transform", "flush"]) if (options[name]) this[`_${name}`] = options[name];
            this.writableObjectMode = Boolean(options.objectMode || options.writableObjectMode);
            this.writableHighWaterMark = markOf(options.writableHighWaterMark ?? options.highWaterMark, this.writableObjectMode);
            this.writable = true;
            this.writableFinished = this.writableEnded = false;
        }
        write(chunk, encoding, callback) {
            if (typeof encoding === "function") [encoding, callback] = [undefined, encoding];
            if (this.#isEnding) { const error = coded(Error, "ERR_STREAM_WRITE_AFTER_END", "write after end"); later(() => { callback?.(error); this.destroy(error); }); return false; }
            if (chunk === null) throw coded(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream");
            if (!this.writableObjectMode && typeof chunk !== "string" && !isBytes(chunk)) throw coded(TypeError, "ERR_INVALID_ARG_TYPE", `The "chunk" argument must be of type string or an instance of Buffer or Uint8Array. Received ${parts.show.inspect(chunk)}`);
            const taken = this.writableObjectMode || typeof chunk !== "string" ? chunk : Buffer.from(chunk, encoding);
            this.#pending.push([taken, callback]);
            this.#length += this.#sizeOf(taken);
            const hasRoom = this.#length < this.writableHighWaterMark;
            if (!hasRoom) this.#needsDrain = true;
            this.#next();
            return hasRoom;
        }
        #sizeOf(chunk) { return this.writableObjectMode ? 1 : chunk.byteLength; }
        get writableLength() { return this.#length; }
        get writableNeedDrain() { return this.#needsDrain && !this.#isEnding && !this.destroyed; }
        end(chunk, encoding, callback) {
            if (typeof chunk === "function") [chunk, callback] = [undefined, chunk];
            if (typeof encoding === "function") callback = encoding;
            if (chunk !== undefined && chunk !== null) this.write(chunk, encoding);
            if (callback) this.once("finish", callback);
            this.#isEnding = this.writableEnded = true;
            later(() => this.#next());
            return this;
        }
        cork() { }
        uncork() { }
        #written(error, callback) {
            this.#untold--;
            if (!error && this.#length === 0 && this.writableNeedDrain) { this.#needsDrain = false; this.emit("drain"); }
            callback?.(error ?? null);
            if (error) return this.destroy(error);
            this.#next();
        }
        // Gives one chunk to the stream's own function; what that is called back with is told later.
        #give([chunk, callback]) {
            this.#isBusy = true;
            this.#untold++;
            this._write(chunk, Buffer.isBuffer(chunk) ? "buffer" : "utf8", (error) => {
                this.#length -= this.#sizeOf(chunk);
                this.#isBusy = Boolean(error);
                later(() => this.#written(error, callback));
                if (!this.#isGiving) this.#next();
            });
        }
        #next() {
            if (this.#isGiving) return;
            this.#isGiving = true;
            try { while (!this.#isBusy && !this.destroyed && this.#pending.length > 0) this.#give(this.#pending.shift()); } finally { this.#isGiving = false; }
            if (this.#isBusy || this.destroyed || this.#untold > 0) return;
            if (!this.#isEnding || this.writableFinished) return;
            this.#isBusy = true;
            const finish = (error) => later(() => {
                if (error) return this.destroy(error);
                this.writableFinished = true;
                this.writable = false;
                this.emit("finish");
                if (!(this instanceof Readable)) this.destroy();
            });
            if (this._final) this._final(finish); else finish();
        }
        _write(chunk, encoding, done) { done(); }
    };
    class Writable extends writing(Stream) {
        static fromWeb(web) {
            const writer = web.getWriter(), told = (action, done) => { action.then(() => done(), done); };
            return new Writable({ write(chunk, encoding, done) { told(writer.write(chunk), done); }, final(done) { told(writer.close(), done); } });
        }
        static toWeb(stream) {
            const ended = (action) => new Promise((resolve, reject) => { stream.once("error", reject); action(() => resolve()); });
            return new global.WritableStream({ write: (chunk) => ended((done) => stream.write(chunk, undefined, done)), close: () => ended((done) => stream.end(done)), abort: (reason) => { stream.destroy(reason); } });
        }
    }
    class Duplex extends writing(Readable) { }
    class Transform extends Duplex {
        _write(chunk, encoding, done) {
            this._transform(chunk, encoding, (error, value) => { if (!error && value !== undefined && value !== null) this.push(value); done(error); });
        }
        _final(done) {
            const end = (error, value) => { if (!error && value !== undefined && value !== null) this.push(value); if (!error) this.push(null); done(error); };
            if (this._flush) this._flush(end); else end();
        }
    }
    class PassThrough extends Transform { _transform(chunk, encoding, done) { done(null, chunk); } }

    const finished = (stream) => new Promise((resolve, reject) => {
        stream.on("error", reject);
        stream.on(stream instanceof Readable && !(stream instanceof Duplex) ? "end" : "finish", () => resolve());
        stream.on("close", () => (stream.errored ? reject(stream.errored) : stream.readableEnded || stream.writableFinished ? resolve() : reject(closed())));
    });
    const readable = (one) => (one instanceof Readable ? one : Readable.from(typeof one === "function" ? one() : one));
    const pipeline = async (...stages) => {
        if (stages.length === 1 && Array.isArray(stages[0])) stages = stages[0];
        if (!(stages.at(-1) instanceof Stream) && typeof stages.at(-1) === "object" && typeof stages.at(-1)?.[Symbol.asyncIterator] !== "function") stages = stages.slice(0, -1);
        let at = readable(stages[0]);
        for (const stage of stages.slice(1)) {
            const from = at;
            if (typeof stage !== "function") { from.on("error", (error) => stage.destroy(error)); at = from.pipe(stage); continue; }
            const made = stage(from);
            if (typeof made?.then === "function") return await made;
            at = readable(made);
        }
        try { await finished(at); } catch (error) { for (const stage of stages) if (stage instanceof Stream) stage.destroy(error); throw error; }
    };
    const withCallback = (action) => (...values) => {
        const callback = values.pop();
        if (typeof callback !== "function") throw coded(TypeError, "ERR_INVALID_ARG_TYPE", 'The "callback" argument must be of type function');
        action(...values).then(() => callback(), callback);
        return values.at(-1);
    };
    const text = async (stream) => { const chunks = []; for await (const one of stream) chunks.push(isBytes(one) ? Buffer.from(one) : Buffer.from(String(one))); return Buffer.concat(chunks).toString(); };
    const consumers = { text, json: async (stream) => JSON.parse(await text(stream)), buffer: async (stream) => Buffer.from(await text(stream)) };
    const promises = { pipeline, finished };
    const stream = Object.assign(Stream, { Stream, Readable, Writable, Duplex, Transform, PassThrough, pipeline: withCallback(pipeline), finished: withCallback(finished), promises });
    // readline, of the lines of a stream; nothing asks a person.
    class Interface extends EventEmitter {
        #input; #isClosed = false;
        constructor(input) { super(); this.#input = input; later(() => { if (this.listenerCount("line") > 0) this.#run(); }); }
        async *#lines() {
            const { StringDecoder } = parts.util.string_decoder, decoder = new StringDecoder("utf8");
            let rest = "";
            for await (const chunk of this.#input) {
                const pieces = (rest + (isBytes(chunk) ? decoder.write(chunk) : String(chunk))).split(/\r\n|\n|\r(?!$)/);
                rest = pieces.pop();
                yield* pieces;
            }
            rest = (rest + decoder.end()).replace(/\r$/, "");
            if (rest !== "") yield rest;
        }
        async #run() {
            try { for await (const line of this.#lines()) { if (this.#isClosed) return; this.emit("line", line); } } catch (error) { this.emit("error", error); }
            this.close();
        }
        async *[Symbol.asyncIterator]() { for await (const line of this.#lines()) { if (this.#isClosed) return; yield line; } }
        close() { if (!this.#isClosed) { this.#isClosed = true; this.emit("close"); } }
        pause() { return this; }
        resume() { return this; }
        setPrompt() { }
        prompt() { }
        question() { throw new Error("nothing can be typed into code: what it is given is in the variable `input`"); }
    }
    const readline = {
        Interface, createInterface(options) {
            const input = options?.input ?? options;
            if (typeof input?.[Symbol.asyncIterator] !== "function") throw coded(TypeError, "ERR_INVALID_ARG_TYPE", 'The "input" argument must be a readable stream');
            return new Interface(input);
        },
    };
    return { stream, promises, consumers, readline, web: { get ReadableStream() { return global.ReadableStream; } } };
}
