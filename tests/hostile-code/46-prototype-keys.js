const bad = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 2}}}');
structuredClone(bad);
new URLSearchParams("__proto__=1&__proto__[polluted]=3").toString();
require("querystring").parse("__proto__=x&constructor=y");
require("url").parse("http://x/?__proto__=1", true);
require("util").parseArgs({ args: ["--__proto__=x"], strict: false });
Object.fromEntries(new Headers({ __proto__x: "1" }));
if ({}.polluted !== undefined || Object.prototype.x !== undefined) throw new RangeError("polluted");
