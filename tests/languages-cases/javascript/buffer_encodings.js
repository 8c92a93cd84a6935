const text = "héllo wörld €";
const bytes = Buffer.from(text);
const encoded = ["hex", "base64", "base64url", "latin1", "utf16le"].map((name) => Buffer.from(text, name === "hex" ? "utf8" : "utf8").toString(name === "utf16le" ? "hex" : name));
console.log(bytes, bytes.length, text.length);
console.log(encoded.slice(0, 3));
[Buffer.from("68656c6c6f", "hex").toString(), Buffer.from("aGk_", "base64url").toString("hex"), Buffer.from("é", "latin1")[0], Buffer.byteLength("€"), Buffer.concat([Buffer.from("a"), Buffer.from("b")]).toString()];
