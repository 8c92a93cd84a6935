const log = [];
setTimeout(() => log.push("timeout"), 0);
queueMicrotask(() => log.push("microtask"));
Promise.resolve().then(() => log.push("promise"));
log.push("sync");
await new Promise((r) => setTimeout(r, 5));
return log;
