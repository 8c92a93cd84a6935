const { parseArgs } = require("node:util");
const options = { verbose: { type: "boolean", short: "v" }, output: { type: "string", short: "o", default: "out.txt" }, tag: { type: "string", multiple: true } };
const { values, positionals } = parseArgs({ args: ["-v", "--tag", "a", "--tag=b", "in.txt", "--", "--raw"], options, allowPositionals: true });
const refused = [["--nope"], ["--output"], ["x"]].map((args) => { try { parseArgs({ args, options }); return "ok"; } catch (error) { return error.code; } });
[{ ...values }, positionals, refused];
