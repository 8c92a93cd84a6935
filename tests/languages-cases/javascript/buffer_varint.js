const encode = (number) => { const bytes = []; do { let byte = number % 128; number = Math.floor(number / 128); bytes.push(number ? byte | 128 : byte); } while (number); return Buffer.from(bytes); };
const decode = (bytes) => bytes.reduce((sum, byte, at) => sum + (byte & 127) * 128 ** at, 0);
[0, 127, 128, 300, 2 ** 40].map((number) => [encode(number).toString("hex"), decode(encode(number)) === number]);
