// Events and aborting, as the web platform and node have them.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base, { inspect } = parts.show;
    // How such an object is shown: its class, and some of what it has.
    const inspected = inspect.custom;
    const shown = (one, depth, options, some) => {
        const name = one.constructor.name;
        return depth < 0 ? name : `${name} ${inspect(some, { ...options, depth: Number.isInteger(options.depth) ? options.depth - 1 : options.depth })}`;
    };

    const CODES = { IndexSizeError: 1, NotFoundError: 8, NotSupportedError: 9, InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15,
        TypeMismatchError: 17, AbortError: 20, QuotaExceededError: 22, TimeoutError: 23, DataCloneError: 25, InvalidCharacterError: 5 };
    class DOMException extends Error {
        #name;
        constructor(message = "", options = "Error") {
            super(message, typeof options === "object" && "cause" in options ? { cause: options.cause } : undefined);
            this.#name = String(typeof options === "object" ? options.name ?? "Error" : options);
        }
        get name() { return this.#name; }
        get code() { return CODES[this.#name] ?? 0; }
    }

    class Event {
        #type; #cancelable;
        constructor(type, { bubbles = false, cancelable = false, composed = false } = {}) {
            if (arguments.length === 0) throw coded(TypeError, "ERR_MISSING_ARGS", 'The "type" argument must be specified');
            this.#type = String(type);
            this.#cancelable = Boolean(cancelable);
            for (const [name, value] of Object.entries({ bubbles: Boolean(bubbles), composed: Boolean(composed), target: null,
                currentTarget: null, defaultPrevented: false, isTrusted: false, timeStamp: 0, stops: false })) hidden(this, name, value);
        }
        get type() { return this.#type; }
        get cancelable() { return this.#cancelable; }
        preventDefault() { if (this.#cancelable) this.defaultPrevented = true; }
        [inspected](depth, options) { return shown(this, depth, options, { type: this.type, defaultPrevented: this.defaultPrevented, cancelable: this.cancelable, timeStamp: this.timeStamp }); }
        stopPropagation() { }
        stopImmediatePropagation() { this.stops = true; }
    }
    class CustomEvent extends Event {
        #detail;
        constructor(type, options = {}) { super(type, options); this.#detail = options?.detail ?? null; }
        get detail() { return this.#detail; }
    }

    class EventTarget {
        #listeners = new Map();
        [inspected](depth, options) { return shown(this, depth, options, {}); }
        addEventListener(type, listener, options) {
            if (listener === null || listener === undefined) return;
            const { once = false, signal } = typeof options === "object" && options !== null ? options : {};
            if (signal?.aborted) return;
            const kept = this.#listeners.get(String(type)) ?? [];
            if (kept.some((one) => one.listener === listener)) return;
            this.#listeners.set(String(type), [...kept, { listener, once }]);
            signal?.addEventListener("abort", () => this.removeEventListener(type, listener), { once: true });
        }
        removeEventListener(type, listener) {
            const kept = this.#listeners.get(String(type));
            if (kept) this.#listeners.set(String(type), kept.filter((one) => one.listener !== listener));
        }
        dispatchEvent(event) {
            if (!(event instanceof Event)) throw coded(TypeError, "ERR_INVALID_ARG_TYPE", 'The "event" argument must be an instance of Event');
            event.target = event.currentTarget = this;
            for (const { listener, once } of this.#listeners.get(event.type) ?? []) {
                if (event.stops) break;
                if (once) this.removeEventListener(event.type, listener);
                // What a listener throws is no concern of the others: it ends the cell when its code has ended.
                try { typeof listener === "function" ? listener.call(this, event) : listener.handleEvent(event); } catch (error) { Promise.reject(error); }
            }
            event.currentTarget = null;
            return !event.defaultPrevented;
        }
    }
    const handled = (target, name) => {
        const listener = (event) => { target[name]?.call(target, event); };
        target.addEventListener(name.slice(2), listener);
        hidden(target, name, null);
    };

    let abort;
    class AbortSignal extends EventTarget {
        #aborted = false; #reason;
        static {
            abort = (signal, reason) => {
                if (signal.#aborted) return;
                signal.#aborted = true;
                signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
                signal.dispatchEvent(new Event("abort"));
            };
        }
        constructor(token) {
            if (token !== abort) throw coded(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
            super();
            handled(this, "onabort");
        }
        get aborted() { return this.#aborted; }
        get reason() { return this.#reason; }
        [inspected](depth, options) { return shown(this, depth, options, { aborted: this.#aborted }); }
        throwIfAborted() { if (this.#aborted) throw this.#reason; }
        static abort(reason) { const signal = new AbortSignal(abort); abort(signal, reason); return signal; }
        static timeout(after) {
            const signal = new AbortSignal(abort);
            // Nothing waits for it: node's timer lets the process end, too.
            global.setTimeout(() => abort(signal, new DOMException("The operation was aborted due to timeout", "TimeoutError")), after).unref();
            return signal;
        }
        static any(signals) {
            const all = [...signals], joined = new AbortSignal(abort), aborted = all.find((one) => one.aborted);
            if (aborted) abort(joined, aborted.reason);
            else for (const one of all) one.addEventListener("abort", () => abort(joined, one.reason), { once: true });
            return joined;
        }
    }
    class AbortController {
        #signal = new AbortSignal(abort);
        get signal() { return this.#signal; }
        [inspected](depth, options) { return shown(this, depth, options, { signal: this.#signal }); }
        abort(reason) { abort(this.#signal, reason); }
    }

    // node's
    // Its listeners are kept beside it, for older code calls the constructor as a function.
    const emitters = new WeakMap();
    const heard = (emitter) => { if (!emitters.has(emitter)) emitters.set(emitter, new Map()); return emitters.get(emitter); };
    const added = (emitter, name, listener, once, isFirst) => {
        if (typeof listener !== "function") {
            throw parts.buffer.wrong("listener", "of type function", listener);
        }
        const all = heard(emitter);
        if (all.has("newListener")) emitter.emit("newListener", name, listener);
        const kept = all.get(name) ?? [], one = { listener, once };
        all.set(name, isFirst ? [one, ...kept] : [...kept, one]);
        return emitter;
    };
    // Those whose listeners' rejections are errors of theirs.
    const capturing = new WeakSet();
    function EventEmitter(options) { if (options?.captureRejections) capturing.add(this); }
    const captured = (emitter, promise) => {
        if (typeof promise?.then === "function") promise.then(undefined, (error) => { global.process.nextTick(() => emitter.emit("error", error)); });
    };
    const errorMonitor = Symbol("events.errorMonitor");
    const mosts = new WeakMap();
    const methods = class {
        on(name, listener) { return added(this, name, listener, false, false); }
        addListener(name, listener) { return this.on(name, listener); }
        once(name, listener) { return added(this, name, listener, true, false); }
        prependListener(name, listener) { return added(this, name, listener, false, true); }
        prependOnceListener(name, listener) { return added(this, name, listener, true, true); }
        off(name, listener) {
            const all = heard(this), kept = all.get(name) ?? [], at = kept.findLastIndex((one) => one.listener === listener);
            if (at < 0) return this;
            const left = kept.toSpliced(at, 1);
            if (left.length === 0) all.delete(name); else all.set(name, left);
            if (all.has("removeListener")) this.emit("removeListener", name, listener);
            return this;
        }
        removeListener(name, listener) { return this.off(name, listener); }
        removeAllListeners(name) {
            const all = heard(this);
            if (name !== "removeListener" && all.has("removeListener")) {
                const names = name === undefined ? this.eventNames().filter((one) => one !== "removeListener") : [name];
                for (const one of names) for (const listener of this.listeners(one).reverse()) this.off(one, listener);
            }
            if (name === undefined) all.clear(); else all.delete(name);
            return this;
        }
        emit(name, ...values) {
            const kept = heard(this).get(name);
            if (name === "error" && heard(this).has(errorMonitor)) this.emit(errorMonitor, ...values);
            if (kept === undefined) {
                if (name !== "error") return false;
                if (values[0] instanceof Error) throw values[0];
                throw Object.assign(coded(Error, "ERR_UNHANDLED_ERROR", `Unhandled error. (${parts.show.inspect(values[0])})`), { context: values[0] });
            }
            for (const { listener, once } of kept) {
                if (once) this.off(name, listener);
                const made = listener.apply(this, values);
                if (made !== undefined && capturing.has(this)) captured(this, made);
            }
            return true;
        }
        listenerCount(name, listener) { return (heard(this).get(name) ?? []).filter((one) => listener === undefined || one.listener === listener).length; }
        listeners(name) { return (heard(this).get(name) ?? []).map((one) => one.listener); }
        rawListeners(name) { return this.listeners(name); }
        eventNames() {
            const names = [...heard(this).keys()], isSymbol = (name) => typeof name === "symbol";
            return [...names.filter((name) => !isSymbol(name)), ...names.filter(isSymbol)];
        }
        setMaxListeners(most) { mosts.set(this, most); return this; }
        getMaxListeners() { return mosts.get(this) ?? EventEmitter.defaultMaxListeners; }
    };
    for (const name of Object.getOwnPropertyNames(methods.prototype)) if (name !== "constructor") hidden(EventEmitter.prototype, name, methods.prototype[name]);
    const aborted = (signal) => {
        const error = hidden(coded(Error, "ABORT_ERR", "The operation was aborted"), "cause", signal.reason);
        return Object.assign(error, { name: "AbortError" });
    };
    const once = (emitter, name, { signal } = {}) => new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(aborted(signal));
        if (emitter instanceof EventTarget) return emitter.addEventListener(name, (event) => resolve([event]), { once: true });
        const failed = (error) => { emitter.off(name, came); reject(error); };
        const came = (...values) => { emitter.off("error", failed); resolve(values); };
        emitter.once(name, came);
        if (name !== "error") emitter.once("error", failed);
        signal?.addEventListener("abort", () => { emitter.off(name, came); emitter.off("error", failed); reject(aborted(signal)); }, { once: true });
    });
    // What is emitted, one after the other.
    async function* on(emitter, name, { signal } = {}) {
        const come = [];
        let wake = () => { }, failed;
        const came = (...values) => { come.push(values); wake(); }, fail = (error) => { failed = { error }; wake(); };
        emitter.on(name, came);
        if (name !== "error") emitter.on("error", fail);
        signal?.addEventListener("abort", () => fail(aborted(signal)), { once: true });
        try {
            for (;;) {
                while (come.length > 0) yield come.shift();
                if (signal?.aborted) throw aborted(signal);
                if (failed) throw failed.error;
                await new Promise((resolve) => { wake = resolve; });
            }
        } finally { emitter.off(name, came); emitter.off("error", fail); }
    }
    const events = Object.assign(EventEmitter, {
        EventEmitter, once, on, errorMonitor, defaultMaxListeners: 10, listenerCount: (emitter, name) => emitter.listenerCount(name),
        getEventListeners: (emitter, name) => emitter.listeners?.(name) ?? [], setMaxListeners() { },
    });

    for (const [name, value] of Object.entries({ DOMException, Event, CustomEvent, EventTarget, AbortController, AbortSignal })) hidden(global, name, value);
    return { DOMException, events, aborted, forget: (emitter) => { heard(emitter).clear(); } };
}
