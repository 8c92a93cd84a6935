const { createCipheriv } = require("crypto");
const cipher = createCipheriv("aes-256-gcm", Buffer.alloc(32), Buffer.alloc(12));
cipher.update("attack at dawn", "utf8", "hex");
