const range = { from: 1, to: 4, *[Symbol.iterator]() { for (let i = this.from; i <= this.to; i++) yield i; } };
const [first, ...rest] = range;
return [first, rest, Math.max(...range), Object.fromEntries([..."abc"].entries())];
