const { createCipheriv, createDecipheriv, scryptSync } = require("crypto");
const key = scryptSync("correct horse", "salt", 32, { N: 1024 });
const iv = Buffer.alloc(12, 7);
const cipher = createCipheriv("aes-256-gcm", key, iv);
const sealed = Buffer.concat([cipher.update("attack at dawn", "utf8"), cipher.final()]);
const opener = createDecipheriv("aes-256-gcm", key, iv).setAuthTag(cipher.getAuthTag());
[sealed.toString("hex"), opener.update(sealed, undefined, "utf8") + opener.final("utf8")];
