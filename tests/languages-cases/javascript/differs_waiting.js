// Nothing waits: what takes ten seconds is over at once, in the same order, and ten seconds later for the code.
const began = Date.now(), order = [];
await Promise.all([5000, 10000, 1].map((ms) => new Promise((resolve) => setTimeout(() => { order.push(ms); resolve(); }, ms))));
return [order, Date.now() - began >= 10000];
