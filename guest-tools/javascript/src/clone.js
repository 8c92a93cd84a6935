// Copies of values, as `structuredClone` makes them.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;
    const { DOMException } = parts.events;
    const KINDS = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
    const refused = (value) => {
        const tag = typeof value === "object" ? Object.prototype.toString.call(value) : "";
        const name = /Generator\]$/.test(tag) ? tag : tag !== "" ? `#<${value.constructor?.name ?? "Object"}>` : String(value);
        return new DOMException(`${name} could not be cloned.`, "DataCloneError");
    };
    // Code may give these names to something of its own.
    const { Blob } = global, VIEWS = Object.fromEntries(Object.getOwnPropertyNames(global).filter((name) => /Array$/.test(name)).map((name) => [name, global[name]]));
    const CLOSED = [Promise, WeakMap, WeakSet, WeakRef, global.URL, global.URLSearchParams, global.Headers, global.Response, global.Request, global.ReadableStream, global.AbortSignal, global.EventTarget];

    const failure = (error, clone, keep) => {
        const name = String(error.name), kind = KINDS[name] ?? Error;
        if (error instanceof DOMException) return keep(new DOMException(error.message, error.name));
        const copy = keep(Object.hasOwn(error, "message") ? new kind(error.message) : new kind());
        hidden(copy, "stack", error.stack);
        if (Object.hasOwn(error, "cause")) hidden(copy, "cause", clone(error.cause));
        return copy;
    };
    const copied = (value, seen) => {
        if (typeof value === "function" || typeof value === "symbol") throw refused(value);
        if (value === null || typeof value !== "object") return value;
        if (host.targetOf(value) !== undefined || /^\[object (Arguments|.*Generator|.* Iterator)\]$/.test(Object.prototype.toString.call(value))) throw refused(value);
        if (seen.has(value)) return seen.get(value);
        const keep = (copy) => { seen.set(value, copy); return copy; }, clone = (one) => copied(one, seen);
        if (value instanceof Date) return keep(new Date(value.getTime()));
        if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
        if (value instanceof Map) {
            const copy = keep(new Map());
            for (const [key, one] of [...value]) copy.set(clone(key), clone(one));
            return copy;
        }
        if (value instanceof Set) {
            const copy = keep(new Set());
            for (const one of [...value]) copy.add(clone(one));
            return copy;
        }
        if (value instanceof SharedArrayBuffer) return keep(value);
        if (value instanceof ArrayBuffer) return keep(value.slice(0));
        if (ArrayBuffer.isView(value)) {
            // Views of one buffer are views of one copy of it.
            const kind = value instanceof DataView ? DataView : VIEWS[value[Symbol.toStringTag]];
            return keep(new kind(clone(value.buffer), value.byteOffset, value instanceof DataView ? value.byteLength : value.length));
        }
        if (value instanceof Blob) return keep(value);
        for (const kind of [Number, String, Boolean, BigInt]) if (value instanceof kind) return keep(Object(value.valueOf()));
        if (value instanceof Symbol || CLOSED.some((kind) => value instanceof kind)) throw refused(value);
        if (value instanceof Error) return failure(value, clone, keep);
        const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
        for (const key of Object.keys(value)) Object.defineProperty(copy, key, { value: clone(value[key]), writable: true, enumerable: true, configurable: true });
        return copy;
    };
    const structuredClone = (...values) => {
        if (values.length === 0) throw coded(TypeError, "ERR_MISSING_ARGS", 'The value argument must be specified');
        const [value, options] = values, seen = new Map(), moved = [...(options?.transfer ?? [])];
        if (new Set(moved).size < moved.length) throw new DOMException("ArrayBuffer occurs more than once in the transfer list", "DataCloneError");
        for (const one of moved) if (!(one instanceof ArrayBuffer)) throw coded(TypeError, "ERR_INVALID_TRANSFER_OBJECT", "Found invalid object in transferList: only an ArrayBuffer moves");
        // What is moved is detached only when all of the rest could be copied.
        const copy = copied(value, seen);
        for (const one of moved) one.transfer?.();
        return copy;
    };
    Object.defineProperty(structuredClone, "name", { value: "structuredClone" });
    hidden(global, "structuredClone", structuredClone);
    return { structuredClone };
}
