const zlib = require("zlib");
const { pipeline } = require("stream/promises");
const { Readable, Writable } = require("stream");
const fs = require("fs");

fs.writeFileSync("access.log", Array.from({ length: 500 }, (_, i) => `${i % 3 ? 200 : 404} /page/${i % 7}`).join("\n"));
await pipeline(fs.createReadStream("access.log"), zlib.createGzip({ level: 9 }), fs.createWriteStream("access.log.gz"));
console.log(fs.readFileSync("access.log.gz").subarray(0, 3), fs.statSync("access.log.gz").size < fs.statSync("access.log").size);

let text = "";
for await (const chunk of fs.createReadStream("access.log.gz").pipe(zlib.createGunzip())) text += chunk;
const counts = text.split("\n").reduce((all, line) => { const [status] = line.split(" "); all[status] = (all[status] ?? 0) + 1; return all; }, {});
console.log(counts, text === fs.readFileSync("access.log", "utf8"));

const chunks = [];
await pipeline(Readable.from([Buffer.from("raw "), Buffer.from("deflate")]), zlib.createDeflateRaw(), zlib.createInflateRaw(), new Writable({ write(chunk, _, done) { chunks.push(chunk); done(); } }));
console.log(Buffer.concat(chunks).toString());
const failure = await pipeline(Readable.from([Buffer.from("not gzip at all")]), zlib.createGunzip(), new Writable({ write(_, __, done) { done(); } })).catch((error) => [error.code, error.errno]);
return failure;
