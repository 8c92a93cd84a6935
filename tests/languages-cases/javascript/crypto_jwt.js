const { createHmac, timingSafeEqual } = require("node:crypto");
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const sign = (claims, secret) => { const body = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`; return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`; };
const verify = (token, secret, now) => {
  const [head, claims, signature] = token.split(".");
  const wanted = createHmac("sha256", secret).update(`${head}.${claims}`).digest(), given = Buffer.from(signature, "base64url");
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Error("bad signature");
  const parsed = JSON.parse(Buffer.from(claims, "base64url"));
  if (parsed.exp <= now) throw new Error("expired");
  return parsed;
};
const token = sign({ sub: "ada", exp: 100 }, "s");
const attempt = (...values) => { try { return verify(...values); } catch (error) { return error.message; } };
[token, attempt(token, "s", 50), attempt(token, "other", 50), attempt(token, "s", 200)];
