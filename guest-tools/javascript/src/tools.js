// The tools, as functions.
(host, parts) => {
    "use strict";
    const { encodeArguments, decode } = parts.values;
    const { hidden } = parts.base;
    const global = globalThis;

    class ToolError extends Error {
        constructor(kind, message, detail) {
            super(message);
            hidden(this, "name", "ToolError");
            this.kind = kind;
            if (detail !== undefined) this.detail = detail;
        }
    }
    hidden(global, "ToolError", ToolError);

    const isPlain = (value) => value !== null && typeof value === "object"
        && [Object.prototype, null].includes(Object.getPrototypeOf(value));
    // One object is the arguments by name, unless it can only be the one argument itself; else they are by their place.
    const named = (name, parameters, values) => {
        const [first] = values;
        if (values.length === 0) return {};
        if (values.length === 1 && isPlain(first)) {
            const keys = Object.keys(first);
            const isArgument = parameters.length === 1 && keys.length > 0 && !keys.includes(parameters[0]);
            if (!isArgument) return first;
        }
        if (values.length > parameters.length) {
            throw new TypeError(`${name} takes ${parameters.length} argument${parameters.length === 1 ? "" : "s"}, not ${values.length}`);
        }
        return Object.fromEntries(values.map((value, index) => [parameters[index], value]).filter(([, value]) => value !== undefined));
    };
    const fromDetail = (detail) => {
        if (detail === undefined || detail === null) return undefined;
        try { return decode(detail); } catch { return detail; }
    };
    const telling = (error, kind, message, detail) => {
        error.kind = kind;
        hidden(error, "message", message);
        if (detail !== undefined) error.detail = detail;
        return error;
    };
    // What is called before the code waits goes to the host together, once nothing else can run.
    let asked = [], waiting = [];
    const ask = (name, given) => new Promise((resolve) => {
        asked.push(name, given);
        waiting.push(resolve);
    });
    const flush = () => {
        if (waiting.length === 0) return false;
        const calls = asked, heard = waiting;
        asked = [];
        waiting = [];
        const answers = host.callAll(calls);
        heard.forEach((resolve, index) => resolve(answers[index]));
        return true;
    };
    // What a cell before this one called and did not stay for is not called for this one.
    const forget = () => { asked = []; waiting = []; };
    const send = async (name, given) => {
        const json = encodeArguments(given);
        // It knows the place in the code; where the answer comes in, that is not on the stack any more.
        const error = new ToolError();
        const answer = await ask(name, json);
        if (answer[0]) return decode(answer[1]);
        throw telling(error, answer[1], answer[2], fromDetail(answer[3]));
    };
    const tool = (name, docs, parameters) => {
        const call = async (...values) => send(name, named(name, parameters, values));
        Object.defineProperty(call, "name", { value: name.split(".").at(-1) });
        hidden(call, "docs", docs);
        hidden(call, "toString", () => `/** ${docs} */\nasync function ${name}(${parameters.length ? `{ ${parameters.join(", ")} }` : ""}) { [native code] }`);
        return call;
    };
    // Most cells call few of the tools that there are: they are made when one is looked at first.
    let installed = [], described = "";
    const install = (functions, spaces) => {
        if (functions === described || (spaces === "" && installed.length === 0)) return;
        for (const name of installed) delete global[name];
        described = functions;
        installed = spaces.split("\n");
        for (const name of installed) {
            Object.defineProperty(global, name, {
                get: () => made(functions)[name], set: (value) => hidden(global, name, value), configurable: true, enumerable: false,
            });
        }
    };
    // A function that is not there is named at once; to a `then` or a `toJSON` the language itself asks.
    const space = (name, functions) => new Proxy(functions, {
        get(target, key, receiver) {
            if (typeof key === "symbol" || key in target || key === "then" || key === "toJSON") return Reflect.get(target, key, receiver);
            throw new TypeError(`${name} has no function ${key}; it has ${Object.keys(target).join(", ")}`);
        },
    });
    const made = (functions) => {
        const spaces = {};
        for (const [name, docs, parameters] of JSON.parse(functions)) {
            const [of, ...rest] = name.split(".");
            if (rest.length === 0) spaces[of] = tool(name, docs, parameters);
            else (spaces[of] ??= space(of, {}))[rest.join(".")] = tool(name, docs, parameters);
        }
        for (const name of installed) {
            if (Object.getOwnPropertyDescriptor(global, name)?.get) hidden(global, name, spaces[name]);
        }
        return spaces;
    };

    return { install, flush, forget, send, functions: () => JSON.parse(described || "[]") };
}
