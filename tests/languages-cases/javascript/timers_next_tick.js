const log = [];
Promise.resolve().then(() => { log.push("promise 1"); process.nextTick(() => log.push("tick 2")); Promise.resolve().then(() => log.push("promise 2")); });
process.nextTick((word) => log.push(word), "tick 1");
setTimeout(() => { process.nextTick(() => log.push("tick 3")); Promise.resolve().then(() => log.push("promise 3")); }, 1);
setTimeout(() => console.log(log.join(", ")), 20);
