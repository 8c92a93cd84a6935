const fs = require("fs");
const defaults = { server: { host: "localhost", port: 8080, tls: { on: false } }, features: ["a"], logLevel: "info" };
fs.writeFileSync("config.json", `{
  // comments are allowed here
  "server": { "port": 9090, "tls": { "on": true, "cert": "/etc/cert.pem" } }, /* and here */
  "features": ["b", "c"],
  "url": "http://example.com/a//b",
}`);
fs.writeFileSync(".env", "# secrets\nAPP_LOG_LEVEL=debug\nAPP_SERVER__HOST='0.0.0.0'\nexport APP_RETRIES=3\nEMPTY=\nQUOTED=\"a \\\"b\\\" # not a comment\" # a comment\n");

const stripJson = (text) => text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=\s*[}\]])/g, (_, string) => string ?? "");
const parseEnv = (text) => {
  const found = {};
  for (const line of text.split("\n")) {
    const match = /^\s*(?:export\s+)?([\w.]+)\s*=\s*(?:'([^']*)'|"((?:\\.|[^"\\])*)"|([^#]*?))\s*(?:#.*)?$/.exec(line);
    if (match) found[match[1]] = match[2] ?? match[3]?.replace(/\\(.)/g, "$1") ?? match[4];
  }
  return found;
};
const isPlain = (value) => Object.prototype.toString.call(value) === "[object Object]";
const merge = (base, over) => {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = isPlain(value) && isPlain(base?.[key]) ? merge(base[key], value) : value;
  return result;
};
const set = (target, path, value) => { const last = path.pop(); path.reduce((at, key) => (at[key] ??= {}), target)[last] = value; return target; };
const env = parseEnv(fs.readFileSync(".env", "utf8"));
console.log(env);
const fromEnv = Object.entries(env).filter(([key]) => key.startsWith("APP_")).reduce((all, [key, value]) => {
  const path = key.slice(4).split("__").map((part) => part.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase()));
  return set(all, path, /^\d+$/.test(value) ? Number(value) : value);
}, {});
const config = [JSON.parse(stripJson(fs.readFileSync("config.json", "utf8"))), fromEnv].reduce(merge, defaults);
console.log(config);
console.log(defaults.server.port, process.env.NO_SUCH_VARIABLE ?? "unset");
config.server.tls.on && config.retries === 3;
