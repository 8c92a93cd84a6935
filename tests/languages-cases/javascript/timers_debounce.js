const debounce = (action, ms) => { let timer; return (...values) => { clearTimeout(timer); timer = setTimeout(action, ms, ...values); }; };
const throttle = (action, ms, clock) => { let last = -Infinity; return (value) => { if (clock() - last >= ms) { last = clock(); action(value); } }; };
const calls = [], save = debounce((value) => calls.push(value), 5);
save(1); save(2); save(3);
await new Promise((resolve) => setTimeout(resolve, 20));
let now = 0;
const ticks = [], tick = throttle((value) => ticks.push(value), 10, () => now);
for (now = 0; now < 35; now += 4) tick(now);
return [calls, ticks];
