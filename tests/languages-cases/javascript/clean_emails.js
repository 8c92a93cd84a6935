const raw = ["A@X.com", "a@x.com ", "b@@y.org", "c@y", "d.e+tag@sub.example.co.uk", "no", " f@g.io"];
const valid = /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/;
const seen = new Set(), good = [], bad = [];
for (const one of raw) {
  const email = one.trim().toLowerCase();
  if (!valid.test(email)) { bad.push(one); continue; }
  if (!seen.has(email)) { seen.add(email); good.push(email); }
}
const byDomain = Object.groupBy ? Object.groupBy(good, (one) => one.split("@")[1]) : {};
({ good, bad, domains: good.map((one) => one.slice(one.indexOf("@") + 1)).sort() });
