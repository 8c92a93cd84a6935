class PolicyError extends Error {
  constructor(code, message, options) { super(message, options); this.name = "PolicyError"; this.code = code; }
}
const check = (amount) => { if (amount > 100) throw new PolicyError(7, `${amount} is too much`, { cause: "rule 3" }); return "ok"; };
const out = [check(5)];
try { check(500); } catch (e) { out.push([e.name, e.code, e.message, e.cause, e instanceof Error]); } finally { out.push("done"); }
return out;
