const { EventEmitter, once, on } = require("events");
const emitter = new EventEmitter();
setTimeout(() => emitter.emit("ready", 42), 1);
const [value] = await once(emitter, "ready");
setTimeout(() => { for (const n of [1, 2, 3]) emitter.emit("tick", n); }, 1);
const ticks = [];
for await (const [tick] of on(emitter, "tick")) { ticks.push(tick); if (tick === 3) break; }
let failed;
setTimeout(() => emitter.emit("error", new Error("late")), 1);
try { await once(emitter, "never"); } catch (error) { failed = error.message; }
return { value, ticks, failed, left: emitter.listenerCount("tick") };
