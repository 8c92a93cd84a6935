const human = (ms) => { const units = [["d", 864e5], ["h", 36e5], ["m", 6e4], ["s", 1e3]]; const out = []; for (const [name, size] of units) { const count = Math.floor(ms / size); if (count) out.push(`${count}${name}`); ms %= size; } return out.join(" ") || `${ms}ms`; };
const parse = (text) => [...text.matchAll(/(\d+)\s*([dhms])/g)].reduce((sum, [, count, unit]) => sum + count * { d: 864e5, h: 36e5, m: 6e4, s: 1e3 }[unit], 0);
[human(93784000), human(500), parse("1d 2h 3m 4s"), parse("90m"), human(parse("49h"))];
