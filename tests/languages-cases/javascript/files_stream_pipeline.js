const fs = require("node:fs");
const { pipeline } = require("node:stream/promises");
const { Transform, Readable, Writable } = require("node:stream");
const zlib = require("node:zlib");
const { createHash } = require("node:crypto");

const splitLines = () => {
  let rest = "";
  return new Transform({
    readableObjectMode: true,
    transform(chunk, encoding, callback) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      for (const line of lines) this.push(line);
      callback();
    },
    flush(callback) {
      if (rest) this.push(rest);
      callback();
    },
  });
};
class Count extends Writable {
  constructor() { super({ objectMode: true }); this.byLevel = {}; }
  _write({ level }, _, callback) { this.byLevel[level] = (this.byLevel[level] ?? 0) + 1; callback(); }
  _final(callback) { this.finished = true; callback(); }
}
const source = Readable.from(["{\"level\":\"info\"}\n{\"lev", "el\":\"warn\"}\n", "{\"level\":\"info\"}", "\n{\"level\":\"fatal\"}"]);
const count = new Count();
await pipeline(source, splitLines(), async function* (lines) { for await (const line of lines) yield JSON.parse(line); }, count);
console.log(count.byLevel, count.finished);

fs.writeFileSync("big.txt", "the quick brown fox\n".repeat(2000));
await pipeline(fs.createReadStream("big.txt"), zlib.createGzip(), fs.createWriteStream("big.txt.gz"));
const unpacked = zlib.gunzipSync(fs.readFileSync("big.txt.gz"));
console.log(unpacked.length, fs.statSync("big.txt.gz").size < 1000, unpacked.equals(fs.readFileSync("big.txt")));
const hash = createHash("sha256");
for await (const chunk of fs.createReadStream("big.txt", { highWaterMark: 1024, end: 4095 })) hash.update(chunk);
console.log(hash.digest("hex"));
const failed = await pipeline(Readable.from(["a", "b"]), new Transform({ transform(chunk, _, done) { done(chunk.toString() === "b" ? new Error("no b") : null, chunk); } }), new Writable({ write(chunk, _, done) { done(); } })).catch((error) => error.message);
return failed;
