const { Readable, Transform } = require("stream");
const { pipeline } = require("stream/promises");
class Lines extends Transform {
  #rest = "";
  constructor() { super({ readableObjectMode: true }); }
  _transform(chunk, encoding, done) { const lines = (this.#rest + chunk).split("\n"); this.#rest = lines.pop(); for (const line of lines) this.push(line); done(); }
  _flush(done) { if (this.#rest) this.push(this.#rest); done(); }
}
const found = [];
await pipeline(Readable.from(["id,na", "me\n1,A", "da\n2,Grace"]), new Lines(), async function* (lines) { for await (const line of lines) yield line.split(","); }, async (rows) => { for await (const row of rows) found.push(row); });
return found;
