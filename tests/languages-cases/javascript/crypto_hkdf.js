const { hkdfSync, hkdf } = require("node:crypto");
const hex = (bytes) => Buffer.from(bytes).toString("hex");
console.log(hex(hkdfSync("sha256", "key", "salt", "info", 16)), hex(hkdfSync("sha512", Buffer.from("key"), "", "", 100)), hkdfSync("sha256", "key", "salt", "info", 16) instanceof ArrayBuffer);
try { hkdfSync("sha256", "key", "salt", "info", 9000); } catch (error) { console.log(error.code, error.message); }
hkdf("sha1", "key", "salt", "info", 42, (error, key) => console.log(error, hex(key)));
