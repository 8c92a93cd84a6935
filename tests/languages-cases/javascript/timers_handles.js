const timer = setTimeout(() => {}, 1000);
const shape = [typeof timer, timer.hasRef(), timer.unref() === timer, timer.hasRef(), Number(timer) > 0, timer.constructor.name];
clearTimeout(timer);
const { setTimeout: wait } = require("timers/promises");
const value = await wait(1, "value");
const aborted = await wait(1000, null, { signal: AbortSignal.abort() }).catch((error) => [error.name, error.code]);
return [shape, value, aborted];
