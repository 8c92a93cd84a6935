const random = ((seed) => () => { seed = (seed + 0x6d2b79f5) | 0; let t = Math.imul(seed ^ (seed >>> 15), 1 | seed); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; })(42);
const shuffle = (items) => { const all = [...items]; for (let at = all.length - 1; at > 0; at--) { const other = Math.floor(random() * (at + 1)); [all[at], all[other]] = [all[other], all[at]]; } return all; };
const sample = Array.from({ length: 1000 }, random);
({ first: sample[0], mean: Number((sample.reduce((a, b) => a + b) / 1000).toFixed(6)), shuffled: shuffle([1, 2, 3, 4, 5, 6]) });
