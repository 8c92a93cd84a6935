const zlib = require("node:zlib");
console.log(zlib.deflateSync("abc", { level: 0 }).toString("hex"), zlib.inflateSync(zlib.deflateSync("stored as it is", { level: 0 })).toString());
console.log([1, 3, 6, 9].map((level) => zlib.deflateSync("text text text text", { level }).subarray(0, 2).toString("hex")));
