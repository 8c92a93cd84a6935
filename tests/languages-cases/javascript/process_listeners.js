process.on("exit", (code) => console.log("exit", code));
process.once("beforeExit", (code) => {
    console.log("nothing is left", code);
    setTimeout(() => console.log("one more"), 1);
});
process.on("uncaughtException", (error, origin) => console.log(origin, error.message));
process.on("unhandledRejection", (reason, promise) => console.log("unhandled", reason.message, promise instanceof Promise));
setTimeout(() => { throw new Error("of a timer"); }, 1);
setTimeout(() => console.log("goes on"), 2);
Promise.reject(new Error("of a promise"));
queueMicrotask(() => { throw new Error("of a microtask"); });
console.log("set");
"done"
