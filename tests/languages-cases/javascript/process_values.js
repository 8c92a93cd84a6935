process.env.PORT = 8080;
process.env.DEBUG = undefined;
console.log(typeof process.env.PORT, process.env.PORT + 1, process.env.DEBUG, "NONE" in process.env, process.env.NONE ?? "usual");
delete process.env.PORT;
console.log(process.env.PORT, Object.assign(process.env, { LEVEL: 3 }).LEVEL === "3", Object.keys(process.env).includes("LEVEL"));
console.log(process.stdout.isTTY, process.stdout.columns || 80, "─".repeat(process.stdout.columns ?? 20), require("node:path").isAbsolute(process.argv[1]));
