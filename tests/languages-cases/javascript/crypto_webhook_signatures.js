const crypto = require("node:crypto");
// Verifies webhooks as Stripe and GitHub sign them.
const secret = "whsec_test";
const sign = (payload, timestamp, key = secret) => crypto.createHmac("sha256", key).update(`${timestamp}.${payload}`, "utf8").digest("hex");
class SignatureError extends Error {
  static { this.prototype.name = "SignatureError"; }
  constructor(reason, details = {}) { super(`signature: ${reason}`); Object.assign(this, details); }
}
function verify(payload, header, { now, tolerance = 300 } = {}) {
  const parts = new Map();
  for (const pair of header.split(",")) { const [key, value] = pair.trim().split("="); parts.set(key, [...(parts.get(key) ?? []), value]); }
  const timestamp = Number(parts.get("t")?.[0]);
  if (!Number.isSafeInteger(timestamp)) throw new SignatureError("no timestamp", { header });
  if (Math.abs(now - timestamp) > tolerance) throw new SignatureError("too old", { age: now - timestamp });
  const wanted = Buffer.from(sign(payload, timestamp), "hex");
  const matches = (parts.get("v1") ?? []).some((given) => { const bytes = Buffer.from(given, "hex"); return bytes.length === wanted.length && crypto.timingSafeEqual(bytes, wanted); });
  if (!matches) throw new SignatureError("no match");
  return JSON.parse(payload);
}
const payload = JSON.stringify({ type: "charge.succeeded", data: { amount: 1999 } });
const header = `t=1700000000,v1=${"0".repeat(64)}, v1=${sign(payload, 1700000000)}`;
console.log(verify(payload, header, { now: 1700000100 }));
for (const [text, head, now] of [[payload, header, 1700009999], [payload + " ", header, 1700000000], [payload, "v1=ab", 0]]) {
  try { verify(text, head, { now }); } catch (error) { console.log(error instanceof SignatureError, error.name, error.message, Object.keys(error)); }
}
const github = `sha1=${crypto.createHmac("sha1", "It's a Secret to Everybody").update("Hello, World!").digest("hex")}`;
console.log(github, crypto.createHash("sha512").update("a").update("b").digest("base64url"));
console.log(["md5", "sha1", "sha256", "sha384"].map((name) => [name, crypto.createHash(name).update("").digest("hex").slice(0, 12)]));
const key = crypto.pbkdf2Sync("password", "salt", 1000, 32, "sha256").toString("hex");
console.log(key, crypto.randomBytes(8).length, crypto.randomInt(5) < 5);
const stamped = crypto.createHash("sha256").update(Uint8Array.of(1, 2, 3)).copy();
return [stamped.digest("hex").slice(0, 16), crypto.getHashes().includes("sha256")];
