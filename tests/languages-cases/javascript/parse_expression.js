const evaluate = (text) => {
  const tokens = text.match(/\d+(?:\.\d+)?|[-+*\/^()]/g);
  let at = 0;
  const peek = () => tokens[at], next = () => tokens[at++];
  const primary = () => {
    const token = next();
    if (token === "(") { const value = sum(); if (next() !== ")") throw new SyntaxError("expected )"); return value; }
    if (token === "-") return -primary();
    if (token === undefined || /[-+*\/^)]/.test(token)) throw new SyntaxError(`unexpected ${token ?? "end"}`);
    return Number(token);
  };
  const power = () => { const base = primary(); return peek() === "^" ? (next(), base ** power()) : base; };
  const product = () => { let value = power(); while (/^[*\/]$/.test(peek())) value = next() === "*" ? value * power() : value / power(); return value; };
  const sum = () => { let value = product(); while (/^[-+]$/.test(peek())) value = next() === "+" ? value + product() : value - product(); return value; };
  const value = sum();
  if (at < tokens.length) throw new SyntaxError(`unexpected ${peek()}`);
  return value;
};
const attempt = (text) => { try { return evaluate(text); } catch (error) { return `${error.name}: ${error.message}`; } };
["1 + 2 * 3", "(1 + 2) * 3", "2 ^ 3 ^ 2", "-(4 - 6) / 4", "1 +", "2 * (3", "1 2"].map(attempt);
