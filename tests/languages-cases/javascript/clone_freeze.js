const freeze = (value) => { if (value && typeof value === "object" && !Object.isFrozen(value)) { Object.freeze(value); Object.values(value).forEach(freeze); } return value; };
const merge = (base, over) => Object.entries(over).reduce((all, [key, value]) => ({ ...all, [key]: value && typeof value === "object" && !Array.isArray(value) ? merge(base[key] ?? {}, value) : value }), base);
const defaults = freeze({ retry: { times: 3, on: [500] }, verbose: false });
const config = merge(defaults, { retry: { times: 5 }, name: "x" });
"use strict";
const wrote = (() => { "use strict"; try { defaults.retry.times = 9; return "wrote"; } catch (error) { return error.name; } })();
[config, defaults.retry.times, wrote, Object.isFrozen(defaults.retry.on)];
