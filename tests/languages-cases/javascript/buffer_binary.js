const write = ({ id, name, score }) => { const text = Buffer.from(name), head = Buffer.alloc(14); head.write("REC1"); head.writeUInt32BE(id, 4); head.writeUInt16LE(text.length, 8); head.writeFloatBE(score, 10); return Buffer.concat([head, text]); };
const read = (buffer) => { if (buffer.toString("latin1", 0, 4) !== "REC1") throw new Error("bad magic"); const length = buffer.readUInt16LE(8); return { id: buffer.readUInt32BE(4), score: buffer.readFloatBE(10), name: buffer.subarray(14, 14 + length).toString() }; };
const packed = write({ id: 7, name: "žlutý", score: 1.5 });
let error;
try { read(Buffer.alloc(14)); } catch (thrown) { error = thrown.message; }
[packed.toString("hex"), read(packed), error];
