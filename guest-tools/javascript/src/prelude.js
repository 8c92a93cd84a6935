// What agent-written code expects to find around it, beyond the language. Evaluated once, when the component is built:
// nothing here may look at the clock, at chance, or at a file before a cell runs.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const hidden = (object, name, value) =>
        Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
    const { values: { encode, decode }, show: { inspect, format, frames }, tools } = parts;
    const { TextEncoder, TextDecoder, isBytes, viewed, textOf, bytesOf } = parts.text;

    // --- chance and time ------------------------------------------------------------------------------------------
    hidden(Math, "random", host.random);
    const bytes = (array) => {
        for (let i = 0; i < array.length; i++) array[i] = Math.floor(host.random() * 256);
        return array;
    };
    const crypto = {
        getRandomValues(array) {
            bytes(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
            return array;
        },
        randomUUID() {
            const b = bytes(new Uint8Array(16));
            b[6] = (b[6] & 15) | 64;
            b[8] = (b[8] & 63) | 128;
            const hex = Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
            return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
        },
    };
    hidden(global, "crypto", crypto);
    hidden(global, "performance", { now: () => host.now(), timeOrigin: 0 });

    // --- timers: nothing waits, all comes in its order ------------------------------------------------------------
    let timers = [], timer = 0, time = 0;
    const later = (action, after, rest, every) => {
        if (typeof action !== "function") throw new TypeError('The "callback" argument must be of type function');
        const at = time + Math.max(Number(after) || 0, 1);
        timers.push({ id: ++timer, at, action, rest, every });
        return timer;
    };
    hidden(global, "setTimeout", (action, after, ...rest) => later(action, after, rest));
    hidden(global, "setInterval", (action, after, ...rest) => later(action, after, rest, Math.max(Number(after) || 0, 1)));
    hidden(global, "setImmediate", (action, ...rest) => later(action, 0, rest));
    const clear = (id) => { timers = timers.filter((other) => other.id !== id); };
    for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) hidden(global, name, clear);
    const jobs = Promise.resolve();
    hidden(global, "queueMicrotask", (action) => { jobs.then(action); });

    // Runs the next timer, and returns whether there was one; an interval ends with the cell's value.
    const tick = (isSettled) => {
        if (isSettled) timers = timers.filter((one) => one.every === undefined);
        if (timers.length === 0) return false;
        const next = timers.reduce((one, other) => (other.at < one.at ? other : one));
        time = next.at;
        if (next.every === undefined) clear(next.id);
        else next.at = time + next.every;
        next.action(...next.rest);
        return true;
    };

    // --- the console ------------------------------------------------------------------------------------------------
    let group = "";
    const counts = new Map(), begun = new Map();
    const print = (isError) => (...values) => {
        const text = values.length === 0 ? "" : format(...values);
        host.print((group === "" ? text : group + text.replaceAll("\n", `\n${group}`)) + "\n", isError);
    };
    const out = print(false), err = print(true);
    const console = {
        log: out, info: out, debug: out, warn: err, error: err,
        trace: (...values) => err("Trace:", ...values),
        dir: (value, options) => out(inspect(value, options)),
        assert: (holds, ...values) => { if (!holds) err("Assertion failed" + (values.length ? ":" : ""), ...values); },
        group: (...values) => { if (values.length) out(...values); group += "  "; },
        groupEnd: () => { group = group.slice(2); },
        count: (label = "default") => { counts.set(label, (counts.get(label) ?? 0) + 1); out(`${label}: ${counts.get(label)}`); },
        countReset: (label = "default") => { counts.delete(label); },
        time: (label = "default") => { begun.set(label, host.now()); },
        timeEnd: (label = "default") => { out(`${label}: ${(host.now() - (begun.get(label) ?? 0)).toFixed(3)}ms`); },
        timeLog: (label = "default") => { out(`${label}: ${(host.now() - (begun.get(label) ?? 0)).toFixed(3)}ms`); },
        table,
    };
    console.groupCollapsed = console.group;
    hidden(global, "console", console);
    hidden(global, "print", out);

    function table(rows, only) {
        if (rows === null || typeof rows !== "object") return out(rows);
        const columns = only ? [...only] : [], lines = [];
        let hasValues = false;
        for (const [index, row] of rows instanceof Map ? rows : Object.entries(rows)) {
            const isObject = row !== null && typeof row === "object";
            if (isObject && !only) for (const key of Object.keys(row)) if (!columns.includes(key)) columns.push(key);
            if (!isObject) hasValues = true;
            lines.push([index, row, isObject]);
        }
        const cell = (value) => inspect(value, { depth: 0 });
        const head = ["(index)", ...columns, ...(hasValues ? ["Values"] : [])];
        const body = lines.map(([index, row, isObject]) => [String(index),
            ...columns.map((key) => (isObject && Object.hasOwn(row, key) ? cell(row[key]) : "")),
            ...(hasValues ? [isObject ? "" : cell(row)] : [])]);
        const widths = head.map((text, i) => Math.max(text.length, ...body.map((row) => row[i].length)) + 2);
        const rule = (left, middle, right) => left + widths.map((width) => "─".repeat(width)).join(middle) + right;
        const line = (row) => "│" + row.map((text, i) => ` ${text}`.padEnd(widths[i])).join("│") + "│";
        out([rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("└", "┴", "┘")].join("\n"));
    }

    // --- copies -------------------------------------------------------------------------------------------------------
    const copied = (value, seen) => {
        if (typeof value === "function" || typeof value === "symbol") {
            throw Object.assign(new Error(`${String(value)} could not be cloned.`), { name: "DataCloneError" });
        }
        if (value === null || typeof value !== "object") return value;
        if (seen.has(value)) return seen.get(value);
        const keep = (copy) => { seen.set(value, copy); return copy; };
        if (value instanceof Date) return keep(new Date(value));
        if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
        if (value instanceof Map) {
            const copy = keep(new Map());
            for (const [key, one] of value) copy.set(copied(key, seen), copied(one, seen));
            return copy;
        }
        if (value instanceof Set) {
            const copy = keep(new Set());
            for (const one of value) copy.add(copied(one, seen));
            return copy;
        }
        if (value instanceof ArrayBuffer) return keep(value.slice(0));
        if (ArrayBuffer.isView(value)) return keep(new value.constructor(value.slice ? value.slice() : value.buffer.slice(0)));
        if (value instanceof Error) {
            const kind = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }[value.name] ?? Error;
            const copy = keep(new kind(value.message));
            hidden(copy, "stack", value.stack);
            return copy;
        }
        const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
        for (const key of Object.keys(value)) copy[key] = copied(value[key], seen);
        return copy;
    };
    hidden(global, "structuredClone", (value) => copied(value, new Map()));

    // --- files --------------------------------------------------------------------------------------------------------
    const coded = (action) => (...values) => {
        try {
            return action(...values);
        } catch (error) {
            const code = /^(E[A-Z]+): /.exec(error.message);
            if (code) error.code = code[1];
            throw error;
        }
    };
    const encodingOf = (options) => (typeof options === "string" ? options : options?.encoding ?? undefined);
    const put = (appends) => coded((name, data, options) => {
        if (isBytes(data)) return host.writeBytes(String(name), viewed(data), appends);
        if (data === null || data === undefined || typeof data === "object" || typeof data === "function") {
            throw Object.assign(new TypeError(`a file holds text or bytes, not ${inspect(data, { depth: 0 })}`), { code: "ERR_INVALID_ARG_TYPE" });
        }
        return host.writeBytes(String(name), bytesOf(String(data), encodingOf(options) ?? "utf8"), appends);
    });
    const files = {
        read: coded((name) => host.read(String(name))),
        readBytes: coded((name) => host.readBytes(String(name))),
        write: put(false),
        append: put(true),
        list: coded((name = ".") => host.list(String(name))),
        exists: (name) => host.stat(String(name)) !== undefined,
        remove: coded((name) => host.remove(String(name))),
    };
    hidden(global, "files", files);
    const statOf = coded((name) => {
        const stat = host.stat(String(name));
        if (!stat) throw new Error(`ENOENT: no such file or directory, stat '${name}'`);
        return { size: stat[1], isDirectory: () => stat[0], isFile: () => !stat[0] };
    });
    const fs = {
        readFileSync: (name, options) => {
            const bytes = files.readBytes(name), encoding = encodingOf(options);
            return encoding === undefined ? bufferOf(bytes) : textOf(bytes, encoding);
        },
        writeFileSync: files.write,
        appendFileSync: files.append,
        existsSync: files.exists,
        readdirSync: (name) => files.list(name),
        unlinkSync: files.remove,
        rmSync: (name, options) => { if (!options?.force || files.exists(name)) files.remove(name); },
        mkdirSync: coded((name, options) => { if (!options?.recursive || !files.exists(name)) host.makeDirectory(String(name)); }),
        statSync: statOf,
        promises: {},
    };
    // The bytes of a file that was read without an encoding are text to those who ask for text.
    const bufferOf = (array) => {
        hidden(array, "toString", (encoding = "utf8") => textOf(array, encoding));
        return array;
    };
    for (const [name, action] of Object.entries(fs)) {
        if (name.endsWith("Sync")) fs.promises[name.slice(0, -4)] = async (...values) => action(...values);
    }

    const path = {
        sep: "/",
        normalize(text) {
            const parts = [];
            for (const part of text.split("/")) {
                if (part === ".." && parts.length && parts.at(-1) !== "..") parts.pop();
                else if (part === ".." && !text.startsWith("/")) parts.push(part);
                else if (part !== "" && part !== "." && part !== "..") parts.push(part);
            }
            return (text.startsWith("/") ? "/" : "") + parts.join("/") || ".";
        },
        join: (...parts) => path.normalize(parts.filter((part) => part !== "").join("/") || "."),
        resolve: (...parts) => path.normalize("/" + parts.reduce((all, part) => (part.startsWith("/") ? part : `${all}/${part}`), "")),
        basename: (text, suffix) => {
            const name = text.replace(/\/+$/, "").split("/").at(-1);
            return suffix && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
        },
        dirname: (text) => (text.includes("/") ? text.replace(/\/+$/, "").replace(/\/[^/]*$/, "") || "/" : "."),
        extname: (text) => /[^./]+(\.[^./]*)$/.exec(text)?.[1] ?? "",
        isAbsolute: (text) => text.startsWith("/"),
    };

    class AssertionError extends Error {
        constructor(message) { super(message); this.code = "ERR_ASSERTION"; }
        get name() { return "AssertionError"; }
    }
    const assert = (holds, message) => {
        if (!holds) throw message instanceof Error ? message : new AssertionError(message ?? "The expression evaluated to a falsy value");
    };
    const isSame = (one, other) => inspect(one, { depth: null }) === inspect(other, { depth: null });
    Object.assign(assert, {
        AssertionError, ok: assert,
        equal: (a, b, message) => assert(a == b, message ?? `${inspect(a)} == ${inspect(b)}`),
        notEqual: (a, b, message) => assert(a != b, message ?? `${inspect(a)} != ${inspect(b)}`),
        strictEqual: (a, b, message) => assert(Object.is(a, b), message ?? `Expected values to be strictly equal:\n\n${inspect(a)} !== ${inspect(b)}\n`),
        notStrictEqual: (a, b, message) => assert(!Object.is(a, b), message ?? `Expected "actual" to be strictly unequal to: ${inspect(b)}`),
        deepEqual: (a, b, message) => assert(isSame(a, b), message ?? `Expected values to be loosely deep-equal:\n\n${inspect(a)}\n\nshould loosely deep-equal\n\n${inspect(b)}`),
        deepStrictEqual: (a, b, message) => assert(isSame(a, b), message ?? `Expected values to be strictly deep-equal:\n\n${inspect(a)}\n\nshould equal\n\n${inspect(b)}`),
        throws: (action, message) => {
            try { action(); } catch { return; }
            throw new AssertionError(typeof message === "string" ? message : "Missing expected exception.");
        },
    });
    assert.strict = assert;
    const util = {
        inspect, format, isDeepStrictEqual: isSame, TextEncoder, TextDecoder,
        promisify: (action) => (...values) => new Promise((resolve, reject) =>
            action(...values, (error, value) => (error ? reject(error) : resolve(value)))),
    };
    const modules = {
        fs, path, util, assert, crypto, "fs/promises": fs.promises, "assert/strict": assert,
        perf_hooks: { performance: global.performance },
        "timers/promises": { setTimeout: (after, value) => new Promise((resolve) => setTimeout(resolve, after, value)) },
    };
    class Exit extends Error {
        constructor(code) {
            super(`the code ended itself with process.exit(${code ?? ""})`);
            hidden(this, "name", "Exit");
            hidden(this, "code", Number(code ?? 0));
        }
    }
    // How the cell has ended itself, if it has.
    let exited;
    const require = (name) => {
        const found = modules[String(name).replace(/^node:/, "")];
        if (found) return found;
        throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
    };
    hidden(global, "require", require);
    hidden(global, "__import", async (name) => ({ default: require(name), ...require(name) }));
    hidden(global, "module", { exports: {} });
    hidden(global, "exports", global.module.exports);
    hidden(global, "process", {
        argv: ["node", "script"], env: {}, platform: "wasi", version: "v20.0.0", versions: {}, cwd: () => "/",
        nextTick: (action, ...values) => { jobs.then(() => action(...values)); },
        hrtime: Object.assign(() => [Math.floor(host.now() / 1e3), Math.floor((host.now() % 1e3) * 1e6)], { bigint: () => BigInt(Math.floor(host.now() * 1e6)) }),
        stdout: { write: (data) => { host.print(isBytes(data) ? textOf(viewed(data), "utf8") : String(data), false); return true; } },
        stderr: { write: (data) => { host.print(isBytes(data) ? textOf(viewed(data), "utf8") : String(data), true); return true; } },
        memoryUsage: () => ({ heapUsed: 0, rss: 0 }), uptime: () => host.now() / 1e3, on() {},
        exitCode: undefined,
        exit(code = global.process.exitCode) {
            exited = new Exit(code);
            host.exit(exited);
        },
    });
    hidden(global, "global", global);

    // --- cells ------------------------------------------------------------------------------------------------------------
    const result = (value) => {
        if (typeof value === "function") throw new TypeError(`the value of the cell is a function, ${value.name || "without a name"}, which is nothing that JSON can hold`);
        if (typeof value === "symbol") throw new TypeError(`the value of the cell is ${String(value)}, which is nothing that JSON can hold`);
        return encode(value) ?? "null";
    };

    const rejections = new Map();
    const rejected = (promise, reason, isHandled) => {
        if (isHandled) rejections.delete(promise);
        else rejections.set(promise, reason);
    };

    // Declarations of a cell that was a function's body: live, until a later cell declares them anew.
    const locals = new Map();
    let late = [];
    const saveLate = () => {
        for (const [name, get] of late) {
            try { global[name] = get(); } catch { /* it was never given a value */ }
        }
        late = [];
    };
    const release = (names) => {
        for (const name of names) {
            const local = locals.get(name), own = Object.getOwnPropertyDescriptor(global, name);
            if (!local || own?.get !== local) continue;
            let value;
            try { value = local(); } catch { /* it was never given a value */ }
            Object.defineProperty(global, name, { value, writable: true, enumerable: true, configurable: true });
            locals.delete(name);
        }
    };
    hidden(global, "__cell", (declared) => {
        for (const [name, [get, set]] of Object.entries(declared)) {
            if (Object.getOwnPropertyDescriptor(global, name)?.configurable === false) {
                late.push([name, get]);
                continue;
            }
            Object.defineProperty(global, name, { get, set, enumerable: true, configurable: true });
            locals.set(name, get);
        }
    });

    return {
        tick, rejected, flush: tools.flush,
        begin(input, functions, spaces, names) {
            tools.forget();
            if (late.length) saveLate();
            rejections.clear();
            timers = [];
            group = "";
            if (locals.size) release(names.split("\n"));
            tools.install(functions, spaces);
            exited = global.process.exitCode = undefined;
            hidden(global, "input", input === "null" ? null : decode(input));
        },
        settle: async (promise) => result(await (await promise)?.value),
        end() {
            saveLate();
            for (const [, reason] of rejections) throw reason;
            if (global.process.exitCode) throw new Exit(global.process.exitCode);
        },
        // Ends a cell that has called `process.exit`: quietly, or with an exception.
        exited() { if (exited.code !== 0) throw exited; },
        // [NAME, MESSAGE, FRAMES…] of whatever was thrown.
        describe(thrown) {
            try {
                if (thrown instanceof Error) return [String(thrown.name), String(thrown.message), ...frames(thrown)];
                return ["Uncaught", typeof thrown === "string" ? thrown : inspect(thrown)];
            } catch {
                return ["Error", "an exception that cannot be shown"];
            }
        },
        // The first place that a stack names, of syntax errors too: [LINE, COLUMN].
        place(thrown, name) {
            try {
                for (const line of String(thrown.stack).split("\n")) {
                    const found = /^\s+at (?:.* \()?(.*?):(\d+)(?::(\d+))?\)?$/.exec(line);
                    if (found && found[1] === name) return [Number(found[2]), Number(found[3] ?? 0)];
                }
            } catch { /* it has none */ }
            return [0, 0];
        },
    };
}
