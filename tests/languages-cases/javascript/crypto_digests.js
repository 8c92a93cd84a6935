const { createHash, createHmac } = require("crypto");
const digests = Object.fromEntries(["md5", "sha1", "sha256", "sha512"].map((name) => [name, createHash(name).update("The quick brown fox").digest("hex")]));
const hmac = createHmac("sha256", "secret").update("payload").update("more").digest("base64url");
const etag = `"${createHash("sha1").update(Buffer.from("body")).digest("base64").slice(0, 27)}"`;
({ ...digests, hmac, etag });
