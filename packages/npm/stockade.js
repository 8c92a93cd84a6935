#!/usr/bin/env node
// Starts the program, which npm has installed as the package of this machine beside this one.
"use strict";

const { spawn } = require("node:child_process");

const name = `stockade-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/stockade`);
} catch {
  console.error(
    `stockade: the package "${name}", which has the program of this machine, is not installed: either no package exists for this machine, or npm ` +
      "was told to leave out optional dependencies",
  );
  process.exit(1);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
const forwarded = ["SIGTERM", "SIGHUP"];
for (const signal of forwarded) process.on(signal, () => child.kill(signal));
// A terminal sends it to the program too, and a second one would mean more.
process.on("SIGINT", () => {});
child.on("error", (error) => {
  console.error(`stockade: ${program} cannot be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  for (const handled of [...forwarded, "SIGINT"]) process.removeAllListeners(handled);
  process.kill(process.pid, signal);
});
