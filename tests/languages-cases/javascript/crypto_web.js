const data = new TextEncoder().encode("hello");
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("k"), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
const signature = await crypto.subtle.sign("HMAC", key, data);
let refused;
try { await crypto.subtle.digest("MD5", data); } catch (error) { refused = error.name; }
return { sha: hex(await crypto.subtle.digest("SHA-256", data)), signature: hex(signature), valid: await crypto.subtle.verify("HMAC", key, signature, data), tampered: await crypto.subtle.verify("HMAC", key, signature, data.slice(1)), refused };
