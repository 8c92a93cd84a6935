const zlib = require("zlib");
const text = JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, name: `item ${id}`, active: id % 2 === 0 })));
const packed = zlib.gzipSync(text);
const ways = [[zlib.gzipSync, zlib.gunzipSync], [zlib.deflateSync, zlib.inflateSync], [zlib.deflateRawSync, zlib.inflateRawSync], [zlib.gzipSync, zlib.unzipSync], [zlib.deflateSync, zlib.unzipSync]];
({ smaller: packed.length < text.length / 5, magic: packed.subarray(0, 3).toString("hex"), same: ways.map(([pack, unpack]) => unpack(pack(text)).toString() === text), text: zlib.gunzipSync(Buffer.from("H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA==", "base64")).toString() });
