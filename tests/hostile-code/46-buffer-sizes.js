const sizes = [2 ** 31 - 1, 2 ** 31, 2 ** 53, -1, NaN, Infinity];
const odd = sizes.slice(1).filter((size) => { try { Buffer.alloc(size); return true; } catch (error) { return !(error instanceof RangeError); } });
if (odd.length > 0) throw new TypeError(String(odd));
Buffer.alloc(sizes[0])
