const zlib = require("zlib");
let bytes = Buffer.alloc(1 << 20);
for (let depth = 0; depth < 20; depth++) bytes = zlib.deflateSync(bytes);
for (let at = 0; at < 200; at++) { const bad = Buffer.from(bytes); bad[at % bad.length] ^= 1 << (at % 8); try { zlib.inflateSync(bad); zlib.inflateRawSync(bad); zlib.gunzipSync(bad); } catch (error) { if (!(error instanceof Error)) throw error; } }
