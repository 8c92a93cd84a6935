const tokens = [];
const pattern = /\s*(?:(\d+)|([+*()]))/y;
const source = "12 + 3*(4+5)";
let m;
while (pattern.lastIndex < source.length && (m = pattern.exec(source))) tokens.push(m[1] ?? m[2]);
return tokens;
