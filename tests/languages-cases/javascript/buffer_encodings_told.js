const { Buffer, isUtf8, isAscii, transcode } = require("node:buffer");
console.log(isUtf8(Buffer.from("é€😀")), isUtf8(Buffer.from([0xc3])), isUtf8(Buffer.from([0xff, 65])), isUtf8(new Uint8Array()), isAscii(Buffer.from("abc")), isAscii(Buffer.from("é")));
console.log(transcode(Buffer.from("é"), "utf8", "latin1"), transcode(Buffer.from("é", "latin1"), "latin1", "utf8"), transcode(Buffer.from("ab"), "ascii", "utf16le"));
for (const value of [5, null, undefined, true, {}, Symbol("a")]) try { Buffer.from(value); } catch (error) { console.log(error.code, error.message); }
for (const offset of [1.5, -1, 9]) try { Buffer.alloc(4).readInt16BE(offset); } catch (error) { console.log(error.code, error.message); }
