// What `require` and `import` find: node's modules as far as they have a meaning here, and for the others what there is instead.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden, coded } = parts.base;
    const { isBytes, viewed, textOf } = parts.text;
    const { Buffer } = parts.buffer;
    const { events, aborted } = parts.events;
    const { inspect } = parts.show;
    const { util, string_decoder, querystring } = parts.util;

    // --- the process ------------------------------------------------------------------------------------------------------
    const output = (isError) => Object.assign(new events(), {
        fd: isError ? 2 : 1, writable: true,
        write(data, encoding, callback) {
            host.print(isBytes(data) ? textOf(viewed(data), "utf8") : String(data), isError);
            for (const one of [encoding, callback]) if (typeof one === "function") global.queueMicrotask(() => one());
            return true;
        },
        end(data) { if (data !== undefined) this.write(data); },
    });
    const PLATFORM = "wasi", VERSION = "v20.0.0";
    const hrtime = (before = [0, 0]) => {
        const now = host.now(), nanoseconds = Math.floor((now % 1e3) * 1e6) - before[1];
        return nanoseconds < 0 ? [Math.floor(now / 1e3) - before[0] - 1, nanoseconds + 1e9] : [Math.floor(now / 1e3) - before[0], nanoseconds];
    };
    hrtime.bigint = () => BigInt(Math.floor(host.now() * 1e6));
    const usage = () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 });
    // What is given to a name of the environment is a text.
    const environment = new Proxy({}, {
        set(names, name, value) { names[name] = String(value); return true; },
        defineProperty(names, name, given) { return Reflect.defineProperty(names, name, "value" in given ? { ...given, value: String(given.value) } : given); },
    });
    const process = Object.assign(new events(), {
        argv: ["node", "/script"], argv0: "node", execArgv: [], execPath: "node", env: environment, platform: PLATFORM, arch: "wasm32", pid: 1, ppid: 0, title: "node", version: VERSION,
        versions: { node: VERSION.slice(1) }, release: { name: "node" }, cwd: () => "/", chdir() { throw new Error("process.chdir is not here: the directory of code is /"); },
        nextTick: (...values) => parts.prelude.nextTick(...values), hrtime, uptime: () => host.now() / 1e3, memoryUsage: Object.assign(usage, { rss: () => 0 }),
        cpuUsage: () => ({ user: 0, system: 0 }), emitWarning: (warning) => { host.print(`(node:1) ${warning instanceof Error ? `${warning.name}: ${warning.message}` : `Warning: ${warning}`}\n`, true); },
        stdout: output(false), stderr: output(true), exitCode: undefined,
        exit(code = process.exitCode) { parts.prelude.exit(code); }, abort() { parts.prelude.exit(134); },
    });
    Object.defineProperty(process, "stdin", { get() { throw new Error("process.stdin is not here: what code is given is in the variable `input`"); }, enumerable: false });
    hidden(global, "process", process);
    const os = {
        EOL: "\n", platform: () => PLATFORM, type: () => "WASI", arch: () => "wasm32", release: () => "0.2.0", version: () => "0.2.0", machine: () => "wasm32", hostname: () => "stockade", homedir: () => "/", tmpdir: () => "/tmp",
        endianness: () => "LE", cpus: () => [{ model: "wasm", speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }], availableParallelism: () => 1, totalmem: () => 0, freemem: () => 0, loadavg: () => [0, 0, 0], uptime: () => host.now() / 1e3,
        networkInterfaces: () => ({}), userInfo: () => ({ uid: -1, gid: -1, username: "code", homedir: "/", shell: null }), devNull: "/dev/null", constants: { signals: {}, errno: {} },
    };

    // --- modules ----------------------------------------------------------------------------------------------------------
    const { fs } = parts.files, { path, url } = parts.path, { assert } = parts.assert, { crypto } = parts.digest, { zlib } = parts.zlib, { stream } = parts.stream;
    const timers = () => Object.fromEntries(["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"].map((name) => [name, global[name]]));
    const wait = (start, value, signal) => new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(aborted(signal));
        const timer = start(() => resolve(value));
        signal?.addEventListener("abort", () => { global.clearTimeout(timer); reject(aborted(signal)); }, { once: true });
    });
    const timersPromises = {
        setTimeout: (after, value, { signal } = {}) => wait((done) => global.setTimeout(done, after), value, signal), setImmediate: (value, { signal } = {}) => wait((done) => global.setImmediate(done), value, signal),
        async *setInterval(after, value, { signal } = {}) { for (;;) yield await timersPromises.setTimeout(after, value, { signal }); },
        scheduler: { wait: (after, options) => timersPromises.setTimeout(after, undefined, options), yield: () => timersPromises.setImmediate() },
    };
    class AsyncLocalStorage {
        constructor() { throw new Error("AsyncLocalStorage is not here: the interpreter does not tell what an await goes on with; give the value as an argument"); }
    }
    const test = (name, action) => { throw new Error(`node:test is not here; node:assert is: ${inspect(name)} can be called as a function`); };
    const modules = {
        assert, "assert/strict": assert.strict, buffer: { ...parts.buffer.more, Buffer, constants: { MAX_LENGTH: 2 ** 31 - 1 }, kMaxLength: 2 ** 31 - 1, Blob: global.Blob, File: global.File, atob: global.atob, btoa: global.btoa },
        crypto, events, fs, "fs/promises": fs.promises, os, path, "path/posix": path, process, querystring, stream, "stream/promises": parts.stream.promises, "stream/consumers": parts.stream.consumers, readline: parts.stream.readline, "readline/promises": parts.stream.readline,
        string_decoder, "timers/promises": timersPromises, url, util, "util/types": util.types, zlib, chart: parts.chart, async_hooks: { AsyncLocalStorage, AsyncResource: AsyncLocalStorage }, constants: fs.constants,
        punycode: { toASCII: url.domainToASCII }, test: Object.assign(test, { test, describe: test, it: test }),
    };
    const lazy = { timers, perf_hooks: () => ({ performance: global.performance }), console: () => global.console, "stream/web": () => Object.fromEntries(["ReadableStream", "WritableStream", "TransformStream", "TextDecoderStream", "TextEncoderStream", "CompressionStream", "DecompressionStream"].map((name) => [name, global[name]])), module: () => ({ builtinModules: known(), createRequire: () => require }) };
    const known = () => [...Object.keys(modules), ...Object.keys(lazy)].sort();
    const NETWORK = "code has no network of its own; `fetch` goes through a tool that may send requests", ONE = "code runs in one thread of its own, and starts no process; a tool does what it cannot";
    const INSTEAD = { http: NETWORK, https: NETWORK, http2: NETWORK, net: NETWORK, tls: NETWORK, dgram: NETWORK, dns: NETWORK, "dns/promises": NETWORK, child_process: ONE, worker_threads: ONE, cluster: ONE,
        repl: "nothing can be typed into code",
        vm: "`new Function` and `eval` evaluate code", v8: "the interpreter is QuickJS; structuredClone copies values", inspector: "the interpreter is QuickJS", wasi: "code has WASI only through fs", sqlite: "there is no database here; a tool may have one", "path/win32": "files here have names with /",
        "node-fetch": "`fetch` is a function of its own", axios: "`fetch` is a function of its own", undici: "`fetch` is a function of its own", uuid: "crypto.randomUUID() makes one", dotenv: "there is no environment; what code is given is in the variable `input`" };
    const require = (name) => {
        const bare = String(name).replace(/^node:/, "").replace(/(?<=.)\/$/, "");
        if (Object.hasOwn(modules, bare)) return modules[bare];
        if (Object.hasOwn(lazy, bare)) return lazy[bare]();
        if (/^[./]/.test(bare)) return loaded(path.resolve(bare));
        const why = Object.hasOwn(INSTEAD, bare) ? `: ${INSTEAD[bare]}` : "";
        throw coded(Error, "MODULE_NOT_FOUND", `Cannot find module '${name}'${why}. Packages are not installed here; there are ${known().join(", ")}`);
    };
    class Module {
        constructor(id, filename) { Object.assign(this, { id, path: path.dirname(filename), exports: {}, filename, loaded: false, children: [], paths: [] }); }
        require(name) { return require(name); }
    }
    // What code is itself: the module that was run.
    const main = new Module(".", "/script");
    // A file of the code's own: JSON, or a module as node's older kind is.
    const cache = Object.create(null);
    const loaded = (name) => {
        const file = ["", ".js", ".cjs", ".json", "/index.js"].map((end) => name + end).find((one) => fs.existsSync(one) && fs.statSync(one).isFile());
        if (!file) throw coded(Error, "MODULE_NOT_FOUND", `Cannot find module '${name}': there is no such file`);
        const text = fs.readFileSync(file, "utf8");
        if (file.endsWith(".json")) return JSON.parse(text);
        if (/^\s*(import|export)\s/m.test(text)) throw coded(Error, "ERR_REQUIRE_ESM", `${file} has import or export; a file that is required says require and module.exports here`);
        if (cache[file]) return cache[file].exports;
        const module = new Module(file, file);
        main.children.push(module);
        cache[file] = module;
        const near = (one) => (/^\./.test(one) ? loaded(path.resolve(path.dirname(file), one)) : require(one));
        Object.assign(near, { main, cache, resolve: require.resolve });
        try { new Function("exports", "require", "module", "__filename", "__dirname", text).call(module.exports, module.exports, near, module, file, path.dirname(file)); } catch (error) { delete cache[file]; throw error; }
        module.loaded = true;
        return module.exports;
    };
    require.resolve = (name) => { require(name); return name; };
    require.cache = cache;
    hidden(global, "require", require);
    const imported = (name) => {
        try { return require(name); } catch (error) { throw error?.code === "MODULE_NOT_FOUND" ? Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" }) : error; }
    };
    hidden(global, "__import", async (name) => { const found = imported(String(name)); return typeof found === "object" || typeof found === "function" ? { default: found, ...found } : { default: found }; });
    require.main = main;
    hidden(global, "module", main);
    hidden(global, "exports", main.exports);
    hidden(global, "__dirname", "/");
    hidden(global, "__filename", main.filename);
    // What `import.meta` becomes in a script.
    hidden(global, "__meta", { __proto__: null, dirname: "/", filename: main.filename, resolve: (name) => (/^[./]/.test(name) ? url.pathToFileURL(path.resolve(name)).href : require.resolve(name)), url: `file://${main.filename}` });
    hidden(global, "global", global);
    hidden(global, Symbol.toStringTag, "global");
    hidden(process, Symbol.toStringTag, "process");
    // What the web platform's objects are called by `Object.prototype.toString`.
    const TAGGED = ["Event", "CustomEvent", "EventTarget", "AbortController", "AbortSignal", "TextEncoder", "TextDecoder", "ReadableStream", "WritableStream", "TransformStream", "CompressionStream",
        "DecompressionStream", "DOMException"];
    for (const name of TAGGED) Object.defineProperty(global[name].prototype, Symbol.toStringTag, { value: name, configurable: true });
    hidden(Intl, Symbol.toStringTag, "Intl");
    for (const name of Object.getOwnPropertyNames(Intl)) if (Intl[name].prototype) Object.defineProperty(Intl[name].prototype, Symbol.toStringTag, { value: `Intl.${name}`, configurable: true });
    hidden(global.crypto, Symbol.toStringTag, "Crypto");
    hidden(global.crypto.subtle, Symbol.toStringTag, "SubtleCrypto");
    return { process };
}
