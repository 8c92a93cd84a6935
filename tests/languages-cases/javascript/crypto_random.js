const { randomBytes, randomInt, randomUUID } = require("crypto");
const ids = new Set(Array.from({ length: 100 }, () => randomUUID()));
const rolls = Array.from({ length: 500 }, () => randomInt(1, 7));
[ids.size, [...ids].every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)), Math.min(...rolls) >= 1 && Math.max(...rolls) <= 6, randomBytes(16).toString("hex").length, crypto.getRandomValues(new Uint32Array(4)).length];
