// What agent-written code expects to find around it, beyond the language. Evaluated once, when the component is built:
// nothing here may look at the clock, at chance, or at a file before a cell runs.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;
    const { values: { encode, decode }, show: { inspect, frames, stackOf, more }, tools } = parts;
    const { DOMException } = parts.events, { process } = parts.modules;
    hidden(global, "ToolError", tools.ToolError);

    // --- chance and time ------------------------------------------------------------------------------------------
    hidden(Math, "random", host.random);
    let marks = [];
    class PerformanceEntry {
        constructor(name, entryType, startTime, duration, detail) { Object.assign(this, { name, entryType, startTime, duration, detail }); }
        toJSON() { return { ...this }; }
    }
    const entry = (...values) => { const made = new PerformanceEntry(...values); marks.push(made); return made; };
    const timeOf = (mark, usual) => {
        if (mark === undefined) return usual;
        if (typeof mark === "number") return mark;
        const found = marks.findLast((one) => one.name === mark && one.entryType === "mark");
        if (!found) throw new DOMException(`The "${mark}" performance mark has not been set`, "SyntaxError");
        return found.startTime;
    };
    const sorted = (some) => [...some].sort((one, other) => one.startTime - other.startTime);
    const cleared = (type) => (name) => { marks = marks.filter((one) => one.entryType !== type || (name !== undefined && one.name !== name)); };
    hidden(global, "performance", {
        now: () => host.now(), timeOrigin: 0, toJSON: () => ({ timeOrigin: 0, now: host.now() }),
        mark: (name, { startTime = host.now(), detail = null } = {}) => entry(String(name), "mark", startTime, 0, detail),
        measure(name, from, to) {
            const options = typeof from === "object" && from !== null ? from : { start: from, end: to };
            const end = options.end === undefined && options.duration !== undefined ? timeOf(options.start, 0) + options.duration : timeOf(options.end, host.now());
            const start = options.start === undefined && options.duration !== undefined ? end - options.duration : timeOf(options.start, 0);
            return entry(String(name), "measure", start, end - start, options.detail ?? null);
        },
        getEntries: () => sorted(marks), getEntriesByName: (name, type) => sorted(marks.filter((one) => one.name === name && (type === undefined || one.entryType === type))),
        getEntriesByType: (type) => sorted(marks.filter((one) => one.entryType === type)), clearMarks: cleared("mark"), clearMeasures: cleared("measure"),
        timerify: (action) => action, eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }),
    });

    // --- timers: nothing waits, all comes in its order ------------------------------------------------------------
    // In the order of their time; those of one time in the order in which they were set.
    let timers = [], count = 0, time = 0;
    const LONGEST = 2 ** 31 - 1;
    const insert = (timer) => {
        let low = 0, high = timers.length;
        while (low < high) { const middle = (low + high) >> 1; if (timers[middle].at <= timer.at) low = middle + 1; else high = middle; }
        timers.splice(low, 0, timer);
    };
    const remove = (timer) => { const at = timers.indexOf(timer); if (at >= 0) timers.splice(at, 1); };
    const timerOf = new WeakMap();
    class Timeout {
        constructor(timer) { timerOf.set(this, timer); }
        ref() { timerOf.get(this).isHeld = true; return this; }
        unref() { timerOf.get(this).isHeld = false; return this; }
        hasRef() { return timerOf.get(this).isHeld; }
        refresh() { const timer = timerOf.get(this); if (timers.includes(timer)) { remove(timer); timer.at = time + timer.after; insert(timer); } return this; }
        close() { clear(this); return this; }
        [Symbol.toPrimitive]() { return timerOf.get(this).id; }
        [inspect.custom]() { return `Timeout { _idleTimeout: ${timerOf.get(this).after} }`; }
    }
    class Immediate extends Timeout { [inspect.custom]() { return "Immediate {}"; } }
    const delay = (after) => { const number = Number(after); return number >= 1 && number <= LONGEST ? Math.trunc(number) : 1; };
    const later = (kind, action, after, rest, every) => {
        if (typeof action !== "function") throw coded(TypeError, "ERR_INVALID_ARG_TYPE", `The "callback" argument must be of type function. Received ${inspect(action)}`);
        const timer = { id: ++count, at: time + after, after, action, rest, every, isHeld: true };
        insert(timer);
        return new kind(timer);
    };
    const setTimeout = (action, after, ...rest) => later(Timeout, action, delay(after), rest);
    const setInterval = (action, after, ...rest) => later(Timeout, action, delay(after), rest, delay(after));
    const setImmediate = (action, ...rest) => later(Immediate, action, 1, rest);
    const promisify = Symbol.for("nodejs.util.promisify.custom");
    hidden(setTimeout, promisify, (after, value) => new Promise((resolve) => { setTimeout(resolve, after, value); }));
    hidden(setImmediate, promisify, (value) => new Promise((resolve) => { setImmediate(resolve, value); }));
    const clear = (given) => {
        const timer = timerOf.get(given) ?? timers.find((one) => one.id === Number(given));
        if (timer) remove(timer);
    };
    const clearing = (given) => { if (given !== undefined && given !== null) clear(given); };
    for (const [name, action] of Object.entries({ setTimeout, setInterval, setImmediate, clearTimeout: clearing, clearInterval: clearing, clearImmediate: clearing })) hidden(global, name, action);
    const jobs = Promise.resolve();
    hidden(global, "queueMicrotask", (action) => {
        if (typeof action !== "function") throw coded(TypeError, "ERR_INVALID_ARG_TYPE", `The "callback" argument must be of type function. Received ${inspect(action)}`);
        // What it throws is an exception, and no rejection of a promise.
        jobs.then(() => { try { action(); } catch (thrown) { nextTick(() => { throw thrown; }); } });
    });

    // What `process.nextTick` was given comes when code has ended and no promise has a turn: before theirs, where they have had none yet.
    const ticks = [];
    const drain = () => { while (ticks.length > 0) { const [action, values] = ticks.shift(); action(...values); } };
    const nextTick = (action, ...values) => {
        if (typeof action !== "function") throw coded(TypeError, "ERR_INVALID_ARG_TYPE", `The "callback" argument must be of type function. Received ${inspect(action)}`);
        ticks.push([action, values]);
    };

    // How often intervals come once the cell has its value and no other timer is set: one that is never cleared would use up its fuel.
    const INTERVALS_MAX = 1000;
    let intervals = 0;
    const again = (timer, isSettled) => {
        if (isSettled && timers.every((one) => one.every !== undefined || !one.isHeld) && ++intervals > INTERVALS_MAX) {
            throw new Error(`an interval that is never cleared came ${INTERVALS_MAX} times after the code had its value; clearInterval, or its unref(), lets the code end`);
        }
        timer.at = time + timer.every;
        insert(timer);
    };
    // Runs the next timer, and returns whether there was one, or something that may set one; what was let go ends with the cell's value.
    const turn = (isSettled) => {
        if (ticks.length > 0) { drain(); return true; }
        if (rejections.size > 0) { unhandled(); return true; }
        if (timers.length === 0 || (isSettled && !timers.some((one) => one.isHeld))) return beforeExit();
        const next = timers.shift();
        // Where nothing waits, the clocks move on by what it would have waited.
        if (next.at > time) host.pass(next.at - time);
        time = next.at;
        if (next.every !== undefined) again(next, isSettled);
        wasQuiet = false;
        next.action(...next.rest);
        drain();
        return true;
    };
    const tick = (isSettled) => {
        try { return turn(isSettled); } catch (thrown) { uncaught(thrown, "uncaughtException"); return true; }
    };

    // --- the end of a cell ------------------------------------------------------------------------------------------
    class Exit extends Error {
        constructor(code) {
            super(`the code ended itself with process.exit(${code ?? ""})`);
            hidden(this, "name", "Exit");
            hidden(this, "code", Number(code ?? 0));
        }
    }
    // Listeners of `process` hear of the end of their cell, as of the end of a process: `wasQuiet` once they have heard that nothing
    // is left to do, `isOver` once they have heard of the end.
    const emit = process.emit.bind(process);
    let wasQuiet = false, isOver = false;
    const emitExit = (code = 0) => {
        if (isOver) return;
        isOver = true;
        emit("exit", Number(code));
    };
    const uncaught = (thrown, origin) => { if (!emit("uncaughtException", thrown, origin)) throw thrown; };
    // Rejections without a handler: they are told when the next timer is due.
    const rejections = new Map();
    const unhandled = () => {
        const told = [...rejections];
        rejections.clear();
        for (const [promise, reason] of told) if (!emit("unhandledRejection", reason, promise)) uncaught(reason, "unhandledRejection");
    };
    // Says that nothing is left to do, which may set something going.
    const beforeExit = () => {
        if (wasQuiet) return false;
        wasQuiet = true;
        return emit("beforeExit", Number(process.exitCode ?? 0));
    };
    // How the cell has ended itself, if it has.
    let exited;
    const exit = (code = process.exitCode) => {
        process.exitCode = code;
        emitExit(code);
        exited = new Exit(process.exitCode);
        host.exit(exited);
    };

    // --- cells ------------------------------------------------------------------------------------------------------------
    const result = (value) => {
        if (typeof value === "function") throw new TypeError(`the value of the cell is a function, ${value.name || "without a name"}, which is nothing that JSON can hold`);
        if (typeof value === "symbol") throw new TypeError(`the value of the cell is ${String(value)}, which is nothing that JSON can hold`);
        return encode(value) ?? "null";
    };

    const ended = async (promise, isFunction) => {
        try {
            drain();
            const value = await promise;
            return result(isFunction ? value : await value?.value);
        } catch (thrown) {
            uncaught(thrown, "uncaughtException");
            return "null";
        }
    };
    // The end of the cell itself, whose rejection the host handles.
    let whole;
    const settle = (promise, isFunction) => whole = ended(promise, isFunction);
    // The end of a cell whose value is known already: a promise where `process.nextTick` was given something.
    const drained = () => (ticks.length > 0 ? settle(undefined, true) : undefined);
    const rejected = (promise, reason, isHandled) => {
        if (isHandled) rejections.delete(promise);
        else if (promise !== whole) rejections.set(promise, reason);
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
    // `within` evaluates where the names are declared. Most are never looked at from elsewhere: what does that is made when one is.
    hidden(global, "__cell", (names, within) => {
        for (const name of names.split(",")) {
            if (Object.getOwnPropertyDescriptor(global, name)?.configurable === false) {
                late.push([name, () => within(name)]);
                continue;
            }
            let made;
            const local = () => made ??= within(`({get:()=>${name},set:__cell=>{${name}=__cell}})`);
            const get = () => local().get(), set = (value) => local().set(value);
            Object.defineProperty(global, name, { get, set, enumerable: true, configurable: true });
            locals.set(name, get);
        }
    });

    // What there is in place of a name that is known elsewhere.
    const PAGE = "code runs in no page of a browser; what it prints and its value are what is seen";
    const INSTEAD = {
        Temporal: "Date is, in UTC, and Intl.DateTimeFormat", WebSocket: "fetch goes through a tool that may send requests", XMLHttpRequest: "fetch goes through a tool that may send requests",
        WebAssembly: "the interpreter is itself WebAssembly", Worker: "code runs in one thread", window: PAGE, document: PAGE, localStorage: PAGE, alert: PAGE, prompt: "what code is given is in the variable input",
        Deno: "node's modules are, by require", Bun: "node's modules are, by require", navigator: "process.platform is",
        MessageChannel: "EventTarget is", BroadcastChannel: "EventTarget is",
    };
    const SYNTAX = [
        ["'@'", "decorators are not part of the language; call the function with the class or the method"], ["keyword: enum", "an enum is TypeScript's, and more than a type; an object with `as const` does the same"],
    ];
    // What the last match was is not kept: undefined for it would be taken for a group that is not there.
    for (const name of [...Array.from({ length: 9 }, (_, at) => `$${at + 1}`), "lastMatch", "lastParen", "leftContext", "rightContext", "$&", "$+", "$`", "$'"]) {
        const get = () => { throw new Error(`RegExp.${name} is not here: what exec, match or matchAll returns has the groups`); };
        Object.defineProperty(RegExp, name, { get, set() { }, configurable: true });
    }
    const hinted = (thrown) => {
        const message = String(thrown.message), syntax = thrown instanceof SyntaxError ? SYNTAX.find(([part]) => message.includes(part)) : undefined;
        if (syntax) return `${message}: ${syntax[1]}`;
        const name = thrown instanceof ReferenceError ? /^'?([\w$]+)'? is not defined$/.exec(message)?.[1] : undefined;
        return name !== undefined && Object.hasOwn(INSTEAD, name) ? `${message} here: ${INSTEAD[name]}` : message;
    };

    return {
        tick, settle, drained, rejected, emitExit, exit, nextTick, decode, answered: tools.answered,
        begin(functions, spaces, names) {
            if (late.length) saveLate();
            rejections.clear();
            timers = [];
            ticks.length = intervals = 0;
            parts.console.begin();
            if (locals.size) release(names.split("\n"));
            tools.install(functions, spaces);
            exited = process.exitCode = whole = undefined;
            wasQuiet = isOver = false;
            parts.events.forget(process);
        },
        end() {
            if (late.length) saveLate();
            emitExit(process.exitCode);
            if (process.exitCode) throw new Exit(process.exitCode);
        },
        // Ends a cell that has called `process.exit`: quietly, or with an exception.
        exited() { if (exited.code !== 0) throw exited; },
        // [NAME, MESSAGE, WHAT IT WAS CAUSED BY, FRAMES…] of whatever was thrown.
        describe(thrown) {
            try {
                if (thrown instanceof Error) return [String(thrown.name), hinted(thrown), more(thrown), ...frames(thrown)];
                return ["Uncaught", typeof thrown === "string" ? thrown : inspect(thrown), ""];
            } catch {
                return ["Error", "an exception that cannot be shown", ""];
            }
        },
        // The first place that a stack names, of syntax errors too: [LINE, COLUMN].
        place(thrown, name) {
            try {
                for (const line of stackOf(thrown).split("\n")) {
                    const found = /^\s+at (?:.* \()?(.*?):(\d+)(?::(\d+))?\)?$/.exec(line);
                    if (found && found[1] === name) return [Number(found[2]), Number(found[3] ?? 0)];
                }
            } catch { /* it has none */ }
            return [0, 0];
        },
    };
}
