const { promisify } = require("util"), zlib = require("zlib");
const packed = await promisify(zlib.gzip)("payload ".repeat(100));
const text = (await promisify(zlib.gunzip)(packed)).toString();
const called = await new Promise((resolve) => zlib.inflate(Buffer.from("junk"), (error, data) => resolve([error.code, data])));
return [text.length, called[0], called[1] === undefined];
