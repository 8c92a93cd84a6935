// Writes what the programs of javascript/ and typescript/ do in the node that runs this: `node tests/languages-cases/expect.mjs`.
//
// What a program is given stands in its expectation already, as `input`. Programs that call tools, whose expectations have
// `tools`, are left out, and so are those that ours does otherwise on purpose (`by_hand`). Of an exception only what all implementations share is written: its name, its line, and its message
// where the program has it from itself. A whole number that a float need not keep exactly is written as a float, for that is
// how the host takes it.
//
// Each program runs in a folder of its own. One with `import` or `export` runs as a module, which has no value. TypeScript loses
// its types by what node itself does that with, amaro: `npm install --prefix target/languages amaro@0.1.9`.
//
// With names of programs, `expect.mjs currying.js`, it writes nothing and prints what it would write.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";

const FOLDERS = { js: "javascript", ts: "typescript" };
const folderOf = (ending) => new URL(`${FOLDERS[ending]}/`, import.meta.url);
const program = (name) => new URL(name, folderOf(name.slice(-2)));
const wanted = (name) => new URL(name.replace(/[jt]s$/, "json"), folderOf(name.slice(-2)));
const kept = (name) => (existsSync(wanted(name)) ? JSON.parse(readFileSync(wanted(name), "utf8")) : {});

function typeless(source) {
    const { transformSync } = createRequire(new URL("../../target/languages/", import.meta.url))("amaro");
    try { return transformSync(source, { mode: "strip-only" }).code; } catch (told) {
        // It tells with a picture of the place; its line has what is wrong.
        throw Object.assign(new SyntaxError(/^\s*x (.+)$/m.exec(told)?.[1] ?? told), { isOfTypes: true });
    }
}

async function module(name, source) {
    const copy = join(process.cwd(), `${name}.mjs`);
    writeFileSync(copy, source);
    await import(pathToFileURL(copy));
}

async function run(name, text) {
    const source = name.endsWith(".ts") ? typeless(text) : text;
    globalThis.require = createRequire(import.meta.url);
    // The program is the module that was run.
    globalThis.__filename = join(process.cwd(), name);
    globalThis.module = globalThis.require.main = Object.assign(new Module("."), { filename: globalThis.__filename, paths: [] });
    globalThis.exports = globalThis.module.exports;
    globalThis.input = kept(name).input ?? null;
    globalThis.crypto ??= (await import("node:crypto")).webcrypto;
    try {
        const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
        return await new vm.Script(source, { filename: name, importModuleDynamically }).runInThisContext();
    } catch (error) {
        if (error instanceof SyntaxError && /import statement outside|token 'export'/.test(error.message)) return await module(name, source);
        if (!(error instanceof SyntaxError) || !/Illegal return|await|reserved word|Unexpected token/.test(error.message)) throw error;
    }
    // The body of an asynchronous function, on the lines that it has.
    return await vm.runInThisContext(`(async () => {${source}\n})()`, { filename: name });
}

async function child(name) {
    const source = readFileSync(program(name), "utf8");
    try {
        const value = await run(name, source);
        process.send({ output: value === undefined ? null : value });
    } catch (thrown) {
        const isError = Object.prototype.toString.call(thrown) === "[object Error]";
        if (!isError) return process.send({ error: { syntax: false, name: "Uncaught", message: String(thrown) } });
        const line = new RegExp(`${name}:(\\d+)`).exec(thrown.stack);
        const syntax = thrown.name === "SyntaxError" && !/JSON/.test(thrown.message);
        const error = { syntax, name: thrown.name };
        // Where a program that has no end ends, each implementation says otherwise; so with recursion that is too deep.
        const isShared = !/RangeError|Unexpected end of input/.test(thrown.name + thrown.message);
        if (line && isShared) error.line = Number(line[1]);
        if (thrown.isOfTypes || source.includes(`"${thrown.message}"`)) error.message = thrown.message;
        process.send({ error });
    }
}

function expected(name) {
    const here = fileURLToPath(import.meta.url), own = mkdtempSync(join(tmpdir(), "program-"));
    const code = `const { fork } = require("node:child_process");
        const child = fork(${JSON.stringify(here)}, [${JSON.stringify(name)}], { silent: true, execArgv: ["--disable-warning=ExperimentalWarning"], cwd: ${JSON.stringify(own)} });
        let told, out = "", err = "";
        child.on("message", (message) => { told = message; });
        child.stdout.on("data", (data) => { out += data; });
        child.stderr.on("data", (data) => { err += data; });
        child.on("close", () => console.log(JSON.stringify({ ...told, stdout: out, ...(err ? { stderr: err } : {}) })));`;
    const done = spawnSync(process.execPath, ["-e", code], { encoding: "utf8" });
    rmSync(own, { recursive: true });
    const told = JSON.parse(done.stdout);
    if (told.error && told.stdout === "") delete told.stdout;
    const { input } = kept(name);
    return { ...(input === undefined ? {} : { input }), ...told };
}

// Writes JSON in which a whole number over 2^53 is a float: JSON.stringify gives it the digits of an integer.
function written(value) {
    const isInexact = (value) => Number.isInteger(value) && !Number.isSafeInteger(value);
    const marked = (_, value) => (isInexact(value) ? `\ufdd0${value.toExponential()}` : value);
    return JSON.stringify(value, marked).replace(/"\ufdd0([^"]*)"/g, "$1") + "\n";
}

const names = process.argv.slice(2);
if (process.send) {
    await child(names[0]);
    process.disconnect();
} else if (names.length > 0) {
    names.forEach((name) => process.stdout.write(written(expected(name))));
} else {
    for (const ending of Object.keys(FOLDERS)) {
        for (const name of readdirSync(folderOf(ending)).filter((name) => name.endsWith(`.${ending}`))) {
            if (!kept(name).tools && !kept(name).by_hand) writeFileSync(wanted(name), written(expected(name)));
        }
    }
}
