const log = [];
setTimeout(() => {
  Promise.resolve().then(() => { log.push("promise 1"); process.nextTick(() => log.push("tick 2")); Promise.resolve().then(() => log.push("promise 2")); });
  process.nextTick((word) => log.push(word), "tick 1");
}, 1);
setTimeout(() => console.log(log.join(", ")), 20);
"set";
