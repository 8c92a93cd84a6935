const limit = 10000;
const flags = new Uint8Array(limit + 1).fill(1, 2);
for (let i = 2; i * i <= limit; i++) if (flags[i]) for (let j = i * i; j <= limit; j += i) flags[j] = 0;
return flags.reduce((a, b) => a + b, 0);
