// The console, and those that code makes of streams of its own.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base, { inspect, format, widthOf } = parts.show, { process: { stdout, stderr } } = parts.modules;

    // A console that writes so: a text, and whether it is for the errors.
    function made(write, options) {
        let group = "";
        const counts = new Map(), begun = new Map(), step = " ".repeat(options?.groupIndentation ?? 2), own = options?.inspectOptions;
        const print = (isError) => (...values) => {
            const text = values.length === 0 ? "" : own === undefined ? format(...values) : format.with(own, ...values);
            write((group === "" ? text : group + text.replaceAll("\n", `\n${group}`)) + "\n", isError);
        };
        const out = print(false), err = print(true);
        const warning = (text) => { err(`(node:1) Warning: ${text}`); };
        // As node writes what has passed: in milliseconds, and in seconds and minutes where it was long.
        const passed = (label) => {
            const milliseconds = host.now() - begun.get(label);
            if (milliseconds >= 60_000) return `${Math.floor(milliseconds / 60_000)}:${((milliseconds % 60_000) / 1000).toFixed(3).padStart(6, "0")} (m:ss.mmm)`;
            return milliseconds >= 1000 ? `${(milliseconds / 1000).toFixed(3)}s` : `${Number(milliseconds.toFixed(3))}ms`;
        };
        const timed = (label, name, ...values) => {
            if (!begun.has(label)) return warning(`No such label '${label}' for console.${name}()`);
            out(`${label}: ${passed(label)}`, ...values);
        };
        const console = {
            log: out, info: out, debug: out, dirxml: out, warn: err, error: err,
            trace: (...values) => err(...(typeof values[0] === "string" ? [`Trace: ${values[0]}`, ...values.slice(1)] : ["Trace", ...values])),
            dir: (value, options) => out(inspect(value, options)),
            assert: (holds, ...values) => {
                if (holds) return;
                if (values.length === 0) err("Assertion failed"); else err(`Assertion failed: ${values[0]}`, ...values.slice(1));
            },
            group: (...values) => { if (values.length) out(...values); group += step; },
            groupEnd: () => { group = group.slice(0, group.length - step.length); },
            count: (label = "default") => { counts.set(label, (counts.get(label) ?? 0) + 1); out(`${label}: ${counts.get(label)}`); },
            countReset: (label = "default") => { if (!counts.delete(label)) warning(`Count for '${label}' does not exist`); },
            time: (label = "default") => { if (begun.has(label)) warning(`Label '${label}' already exists for console.time()`); else begun.set(label, host.now()); },
            timeEnd: (label = "default") => { timed(label, "timeEnd"); begun.delete(label); },
            timeLog: (label = "default", ...values) => { timed(label, "timeLog", ...values); },
            clear() { }, profile() { }, profileEnd() { }, timeStamp() { },
            table: (...values) => { const rows = tableOf(...values); out(...(rows === undefined ? values.slice(0, 1) : [rows])); },
        };
        console.groupCollapsed = console.group;
        return { console, begin: () => { group = ""; } };
    }
    // The lines of a table, unless what is given has no rows.
    function tableOf(rows, only) {
        if (rows === null || typeof rows !== "object") return undefined;
        if (only !== undefined && !Array.isArray(only)) throw coded(TypeError, "ERR_INVALID_ARG_TYPE", `The "properties" argument must be an instance of Array. Received ${inspect(only)}`);
        const isMap = rows instanceof Map, isCounted = isMap || rows instanceof Set;
        const found = Object.create(null), lines = [], cell = (value) => inspect(value, { depth: value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0 });
        let hasValues = false;
        for (const [index, row] of isMap ? rows : isCounted ? [...rows].map((one, at) => [at, one]) : Object.entries(rows)) {
            const isObject = row !== null && (typeof row === "object" || (typeof row === "function" && !isCounted)) && !isMap;
            if (isObject && !only) for (const key of Object.keys(row)) found[key] = true;
            if (!isObject && !only) hasValues = true;
            lines.push([index, row, isObject]);
        }
        if (lines.length > 0) for (const key of only ?? []) found[key] = true;
        const columns = Object.keys(found);
        const head = [isCounted ? "(iteration index)" : "(index)", ...(isMap ? ["Key"] : []), ...columns, ...(hasValues ? ["Values"] : [])];
        const body = lines.map(([index, row, isObject], at) => [isMap ? String(at) : String(index), ...(isMap ? [cell(index)] : []),
            ...columns.map((key) => (isObject && Object.hasOwn(row, key) ? cell(row[key]) : "")), ...(hasValues ? [isObject ? "" : cell(row)] : [])]);
        const widths = head.map((text, i) => Math.max(widthOf(text), ...body.map((row) => widthOf(row[i]))) + 2);
        const rule = (left, middle, right) => left + widths.map((width) => "─".repeat(width)).join(middle) + right;
        const line = (row) => "│" + row.map((text, i) => ` ${text}${" ".repeat(widths[i] - widthOf(text) - 1)}`).join("│") + "│";
        return [rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("└", "┴", "┘")].join("\n");
    }

    // What code puts in place of a stream's `write` has what is printed.
    const writes = [stdout.write, stderr.write];
    const { console, begin } = made((text, isError) => {
        const stream = isError ? stderr : stdout;
        if (stream.write === writes[Number(isError)]) host.print(text, isError); else stream.write(text);
    });
    function Console(given, errors) {
        const options = typeof given?.write === "function" ? { stdout: given, stderr: errors } : given ?? {}, [out, err] = [options.stdout, options.stderr ?? options.stdout];
        for (const [name, one] of [["stdout", out], ["stderr", err]]) if (typeof one?.write !== "function") throw coded(TypeError, "ERR_CONSOLE_WRITABLE_STREAM", `Console expects a writable stream instance for ${name}`);
        const one = Object.assign(Object.create(new.target?.prototype ?? Console.prototype), made((text, isError) => { (isError ? err : out).write(text); }, options).console);
        all.add(one);
        return one;
    }
    const all = new WeakSet([console]);
    Object.defineProperty(Console, Symbol.hasInstance, { value: (one) => all.has(one) });
    hidden(console, "Console", Console);
    hidden(console, Symbol.toStringTag, "console");
    hidden(global, "console", console);
    hidden(global, "print", console.log);
    return { begin };
}
