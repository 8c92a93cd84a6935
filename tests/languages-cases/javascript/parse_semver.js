const parse = (text) => { const match = /^v?(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?$/.exec(text); return match && { core: match.slice(1, 4).map(Number), pre: match[4]?.split(".") }; };
const compare = (a, b) => {
  const [x, y] = [parse(a), parse(b)];
  for (let at = 0; at < 3; at++) if (x.core[at] !== y.core[at]) return x.core[at] - y.core[at];
  if (!x.pre || !y.pre) return (x.pre ? -1 : 0) + (y.pre ? 1 : 0);
  for (let at = 0; at < Math.max(x.pre.length, y.pre.length); at++) {
    const [p, q] = [x.pre[at], y.pre[at]];
    if (p === q) continue;
    if (p === undefined || q === undefined) return p === undefined ? -1 : 1;
    const [n, m] = [p, q].map((one) => (/^\d+$/.test(one) ? Number(one) : NaN));
    return Number.isNaN(n) !== Number.isNaN(m) ? (Number.isNaN(n) ? 1 : -1) : Number.isNaN(n) ? (p < q ? -1 : 1) : n - m;
  }
  return 0;
};
["1.10.0", "1.2.0", "v1.2.0-rc.1", "1.2.0-alpha", "2.0.0-alpha.10", "2.0.0-alpha.2", "0.9.9"].sort(compare);
