// Events and aborting, as the web platform and node have them.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;

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
        abort(reason) { abort(this.#signal, reason); }
    }

    // node's
    class EventEmitter {
        static defaultMaxListeners = 10;
        #listeners = new Map();
        #add(name, listener, once, isFirst) {
            if (typeof listener !== "function") {
                throw coded(TypeError, "ERR_INVALID_ARG_TYPE", `The "listener" argument must be of type function. Received ${listener === null ? "null" : typeof listener}`);
            }
            if (this.#listeners.has("newListener")) this.emit("newListener", name, listener);
            const kept = this.#listeners.get(name) ?? [], one = { listener, once };
            this.#listeners.set(name, isFirst ? [one, ...kept] : [...kept, one]);
            return this;
        }
        on(name, listener) { return this.#add(name, listener, false, false); }
        addListener(name, listener) { return this.on(name, listener); }
        once(name, listener) { return this.#add(name, listener, true, false); }
        prependListener(name, listener) { return this.#add(name, listener, false, true); }
        prependOnceListener(name, listener) { return this.#add(name, listener, true, true); }
        off(name, listener) {
            const kept = this.#listeners.get(name) ?? [], at = kept.findLastIndex((one) => one.listener === listener);
            if (at < 0) return this;
            const left = kept.toSpliced(at, 1);
            if (left.length === 0) this.#listeners.delete(name); else this.#listeners.set(name, left);
            if (this.#listeners.has("removeListener")) this.emit("removeListener", name, listener);
            return this;
        }
        removeListener(name, listener) { return this.off(name, listener); }
        removeAllListeners(name) { if (name === undefined) this.#listeners.clear(); else this.#listeners.delete(name); return this; }
        emit(name, ...values) {
            const kept = this.#listeners.get(name);
            if (kept === undefined) {
                if (name !== "error") return false;
                if (values[0] instanceof Error) throw values[0];
                throw Object.assign(coded(Error, "ERR_UNHANDLED_ERROR", `Unhandled error. (${parts.show.inspect(values[0])})`), { context: values[0] });
            }
            for (const { listener, once } of kept) {
                if (once) this.off(name, listener);
                listener.apply(this, values);
            }
            return true;
        }
        listenerCount(name) { return this.#listeners.get(name)?.length ?? 0; }
        listeners(name) { return (this.#listeners.get(name) ?? []).map((one) => one.listener); }
        rawListeners(name) { return this.listeners(name); }
        eventNames() { return [...this.#listeners.keys()]; }
        setMaxListeners() { return this; }
        getMaxListeners() { return EventEmitter.defaultMaxListeners; }
        static once(emitter, name, { signal } = {}) {
            return new Promise((resolve, reject) => {
                if (signal?.aborted) return reject(signal.reason);
                if (emitter instanceof EventTarget) return emitter.addEventListener(name, (event) => resolve([event]), { once: true });
                const failed = (error) => { emitter.off(name, came); reject(error); };
                const came = (...values) => { emitter.off("error", failed); resolve(values); };
                emitter.once(name, came);
                if (name !== "error") emitter.once("error", failed);
                signal?.addEventListener("abort", () => { emitter.off(name, came); reject(signal.reason); }, { once: true });
            });
        }
    }
    const events = Object.assign(EventEmitter, { EventEmitter });

    for (const [name, value] of Object.entries({ DOMException, Event, CustomEvent, EventTarget, AbortController, AbortSignal })) hidden(global, name, value);
    return { DOMException, events };
}
