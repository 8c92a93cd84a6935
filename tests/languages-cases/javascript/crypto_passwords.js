const crypto = require("crypto");
const hash = (password, salt, rounds = 1000) => `pbkdf2$${rounds}$${salt}$${crypto.pbkdf2Sync(password, salt, rounds, 32, "sha256").toString("base64")}`;
const check = (password, stored) => { const [, rounds, salt] = stored.split("$"); return crypto.timingSafeEqual(Buffer.from(hash(password, salt, Number(rounds))), Buffer.from(stored)); };
const stored = hash("correct horse", "na+cl");
[stored, check("correct horse", stored), check("wrong horse", stored)];
