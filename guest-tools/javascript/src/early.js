// What is made first lies together, and so does what cells use of it: the functions of the language that they call most, which
// it makes when they are looked at first, and the names that they use most.
() => {
    "use strict";
    const looked = [
        [][Symbol.iterator]().next, new Map()[Symbol.iterator]().next, new Set()[Symbol.iterator]().next, ""[Symbol.iterator]().next,
    ];
    const most = [
        [Array.prototype, ["concat", "entries", "every", "filter", "find", "flat", "flatMap", "forEach", "includes", "indexOf", "join", "keys", "map", "pop", "push", "reduce", "reverse", "shift", "slice", "some", "sort", "splice", "unshift", "values"]],
        [String.prototype, ["endsWith", "includes", "indexOf", "match", "padEnd", "padStart", "repeat", "replace", "replaceAll", "slice", "split", "startsWith", "substring", "toLowerCase", "toString", "toUpperCase", "trim"]],
        [Number.prototype, ["toFixed", "toString"]], [Object.prototype, ["hasOwnProperty", "propertyIsEnumerable", "toString"]],
        [Map.prototype, ["clear", "delete", "entries", "forEach", "get", "has", "keys", "set", "values"]], [Set.prototype, ["add", "delete", "has", "values"]],
        [Promise.prototype, ["then", "catch", "finally"]], [RegExp.prototype, ["exec", "test"]],
        [Object, ["assign", "defineProperty", "entries", "freeze", "fromEntries", "getOwnPropertyDescriptor", "getPrototypeOf", "hasOwn", "keys", "setPrototypeOf", "values"]],
        [Array, ["from", "isArray"]], [Number, ["isFinite", "isInteger", "isSafeInteger", "parseFloat"]], [Promise, ["all", "allSettled", "resolve"]],
        [JSON, ["parse", "stringify"]], [Math, ["abs", "ceil", "floor", "max", "min", "round"]], [Reflect, ["get"]],
    ];
    for (const [of, names] of most) for (const name of names) looked.push(of[name]);
    const names = {
        // What the guest itself asks the prelude for.
        begin: 0, drained: 0, settle: 0, tick: 0, end: 0, exited: 0, rejected: 0, answered: 0, describe: 0, place: 0, kind: 0, detail: 0, docs: 0, code: 0,
        a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0, i: 0, j: 0, k: 0, m: 0, n: 0, o: 0, p: 0, r: 0, s: 0, t: 0, u: 0, v: 0, w: 0, x: 0, y: 0, z: 0,
        all: 0, amount: 0, answer: 0, args: 0, body: 0, console: 0, count: 0, data: 0, date: 0, email: 0, error: 0, files: 0, first: 0, group: 0, groups: 0, id: 0,
        input: 0, item: 0, items: 0, key: 0, label: 0, last: 0, left: 0, limit: 0, line: 0, lines: 0, list: 0, log: 0, number: 0, options: 0, order: 0, orders: 0,
        output: 0, path: 0, price: 0, query: 0, response: 0, result: 0, results: 0, right: 0, row: 0, rows: 0, start: 0, status: 0, sum: 0, text: 0, title: 0, tool: 0,
        total: 0, type: 0, url: 0, user: 0, users: 0, values: 0, x1: 0, x2: 0,
    };
    return { looked, names };
}
