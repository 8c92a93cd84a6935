const names = ["fs", "path", "os", "util", "events", "assert", "buffer", "crypto", "zlib", "url", "querystring", "stream", "string_decoder", "timers", "timers/promises", "node:fs/promises", "perf_hooks"];
const found = names.map((name) => typeof require(name));
const { join } = require("node:path"), path = require("path"), { EOL } = require("os");
let missing;
try { require("left-pad-of-nobody"); } catch (error) { missing = error.code; }
[new Set(found).has("undefined"), typeof path.join, join("a", "b"), EOL, missing, require("events") === require("events").EventEmitter];
