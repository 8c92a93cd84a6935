const parse = (header) => Object.fromEntries(header.split(/;\s*/).filter(Boolean).map((pair) => { const at = pair.indexOf("="); return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))]; }));
const serialize = (name, value, { maxAge, path, secure } = {}) => [`${name}=${encodeURIComponent(value)}`, maxAge !== undefined && `Max-Age=${maxAge}`, path && `Path=${path}`, secure && "Secure"].filter(Boolean).join("; ");
[parse("a=1; theme=dark%20mode; token=x=y=="), serialize("id", "a b;c", { maxAge: 60, path: "/", secure: true })];
