const bytes = new Uint8Array([0x63, 0x61, 0x66, 0xe9]);
console.log(new TextDecoder("latin1").decode(bytes), new TextDecoder("ISO-8859-1").encoding, new TextDecoder("utf8").encoding);
console.log(new TextDecoder().decode(bytes), new TextDecoder("utf-16le").decode(new Uint8Array([0x61, 0, 0x3d, 0xd8, 0, 0xde])));
try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
} catch (error) {
    console.log(error.name, error.message, error.code);
}
for (const bad of [[0xe0, 0x80, 0x80], [0xf0, 0x9f, 0x98], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x61, 0xf0, 0x9f, 0x98, 0x62]]) {
    console.log(JSON.stringify(new TextDecoder().decode(new Uint8Array(bad))));
}
const parts = new TextDecoder();
const euro = new TextEncoder().encode("a€b");
console.log(JSON.stringify([parts.decode(euro.slice(0, 2), { stream: true }), parts.decode(euro.slice(2), { stream: true }), parts.decode()]));
console.log(new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x78])), [...new TextEncoder().encode("é😀\ud800")].join(" "));
try {
    new TextDecoder("no-such");
} catch (error) {
    console.log(error.name);
}
console.log("half", "\ud800".isWellFormed(), ["\udc00x"]);
console.log("\ud83d", "a\udc00b");
JSON.stringify(["\ud800"])
