const zlib = require("zlib");
const member = zlib.gzipSync(Buffer.alloc(8 << 20));
zlib.gunzipSync(Buffer.concat(Array(40).fill(member))).length
