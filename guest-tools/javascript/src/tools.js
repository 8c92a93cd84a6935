// The tools, as functions.
(host, parts) => {
    "use strict";
    const { encodeArguments, decode } = parts.values;
    const { hidden } = parts.base;
    const { keys, getPrototypeOf, setPrototypeOf, fromEntries } = Object, { get: reflect } = Reflect;
    const asynchronous = getPrototypeOf(async () => { });
    const isOwn = Object.prototype.propertyIsEnumerable, plain = Object.prototype;
    const global = globalThis;

    class ToolError extends Error {
        constructor(kind, message, detail) {
            super(message);
            tell(this, kind, detail);
        }
    }
    const tell = (error, kind, detail) => {
        hidden(error, "name", "ToolError");
        error.kind = kind;
        if (detail !== undefined) error.detail = detail;
    };

    const isPlain = (value) => {
        if (value === null || typeof value !== "object") return false;
        const of = getPrototypeOf(value);
        return of === plain || of === null;
    };
    // One object is the arguments by name, unless it can only be the one argument itself; else they are by their place.
    const named = (name, parameters, values) => {
        if (values.length === 0) return {};
        const first = values[0];
        if (values.length === 1 && isPlain(first)) {
            const isArgument = parameters.length === 1 && !isOwn.call(first, parameters[0]) && keys(first).length > 0;
            if (!isArgument) return first;
        }
        if (values.length > parameters.length) {
            throw new TypeError(`${name} takes ${parameters.length} argument${parameters.length === 1 ? "" : "s"}, not ${values.length}`);
        }
        return fromEntries(values.map((value, index) => [parameters[index], value]).filter(([, value]) => value !== undefined));
    };
    const fromDetail = (detail) => {
        if (detail === undefined || detail === null) return undefined;
        try { return decode(detail); } catch { return detail; }
    };
    // What a call that has failed throws: where the answer comes in, the place in the code is not on the stack any more, but an
    // error that was made there knows it.
    const answered = (error, [isResult, kind, message, detail]) => {
        if (isResult) return decode(kind);
        setPrototypeOf(error, ToolError.prototype);
        hidden(error, "message", message);
        tell(error, kind, fromDetail(detail));
        throw error;
    };
    // What calls a tool is the guest's own: no stack names it.
    const caller = (name, parameters) => host.tool(name, parameters, plain, (...values) => encodeArguments(named(name, parameters, values)));
    const send = (name, given) => caller(name, [])(given);
    const tool = (name, docs, parameters) => {
        // It is as good as asynchronous: it never throws.
        const call = setPrototypeOf(caller(name, parameters), asynchronous);
        Object.defineProperty(call, "name", { value: name.split(".").at(-1), configurable: true });
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
        installed = spaces === "" ? [] : spaces.split("\n");
        for (const name of installed) {
            Object.defineProperty(global, name, {
                get: () => made(functions)[name], set: (value) => hidden(global, name, value), configurable: true, enumerable: false,
            });
        }
    };
    // What a tool has is its own, and found at once; behind it, a function that is not there is named. To a `then` or a `toJSON`
    // the language itself asks.
    const space = (name) => {
        const functions = {};
        return setPrototypeOf(functions, new Proxy(plain, {
            get(target, key, receiver) {
                if (key in target || typeof key === "symbol" || key === "then" || key === "toJSON") return reflect(target, key, receiver);
                throw new TypeError(`${name} has no function ${key}; it has ${keys(functions).join(", ")}`);
            },
        }));
    };
    const made = (functions) => {
        const spaces = {};
        for (const [name, docs, parameters] of JSON.parse(functions)) {
            const [of, ...rest] = name.split(".");
            if (rest.length === 0) spaces[of] = tool(name, docs, parameters);
            else (spaces[of] ??= space(of))[rest.join(".")] = tool(name, docs, parameters);
        }
        for (const name of installed) {
            if (Object.getOwnPropertyDescriptor(global, name)?.get) hidden(global, name, spaces[name]);
        }
        return spaces;
    };

    return { ToolError, answered, install, send, functions: () => JSON.parse(described || "[]") };
}
