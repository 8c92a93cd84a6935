const zlib = require("node:zlib");
const packed = zlib.gzipSync("hello hello hello");
const attempts = [() => zlib.gunzipSync(Buffer.from("plain text")), () => zlib.inflateSync(Buffer.from([0x78, 0x9c, 0xff, 0xff])), () => zlib.gunzipSync(packed.subarray(0, packed.length - 4)), () => zlib.gunzipSync(zlib.gzipSync(Buffer.alloc(1 << 20)), { maxOutputLength: 1000 }), () => zlib.gzipSync(null)];
attempts.map((attempt) => { try { return attempt().length; } catch (error) { return [error.name, error.code]; } });
