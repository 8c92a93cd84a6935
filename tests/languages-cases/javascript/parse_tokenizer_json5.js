class ParseError extends SyntaxError {
  constructor(message, line, column) { super(`${message} at ${line}:${column}`); this.name = this.constructor.name; Object.assign(this, { line, column }); }
}
const TOKEN = /(?<space>\s+|\/\/.*|\/\*[^]*?\*\/)|(?<punct>[{}[\]:,])|(?<number>[+-]?(?:0x[\da-f]+|Infinity|NaN|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))|(?<string>"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*')|(?<name>[\p{ID_Start}$_][\p{ID_Continue}$]*)/iuy;
function* lex(text) {
  TOKEN.lastIndex = 0;
  let line = 1, start = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex, match = TOKEN.exec(text);
    if (!match) throw new ParseError(`unexpected ${JSON.stringify(text[at])}`, line, at - start + 1);
    const [kind, value] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    if (kind !== "space") yield { kind, value, line, column: at - start + 1 };
    for (const { index } of match[0].matchAll(/\n/g)) { line++; start = at + index + 1; }
  }
  return { kind: "end", value: "the end", line, column: text.length - start + 1 };
}
const ESCAPES = { n: "\n", t: "\t", "\n": "" };
const unquote = (text) => text.slice(1, -1).replace(/\\(?:u([\da-f]{4})|x([\da-f]{2})|([^]))/gi, (_, u, x, c) => (u ?? x ? String.fromCharCode(Number.parseInt(u ?? x, 16)) : ESCAPES[c] ?? c));
function parse(text) {
  const tokens = lex(text);
  let { value: token } = tokens.next();
  const advance = () => { const now = token; token = tokens.next().value ?? token; return now; };
  const fail = () => { throw new ParseError(`unexpected ${token.value}`, token.line, token.column); };
  const take = (value) => (token.kind === "punct" && token.value === value ? advance() : undefined);
  const list = (close, item) => { while (!take(close)) { item(); if (!take(",") && token.value !== close) fail(); } };
  const value = () => {
    if (take("{")) {
      const object = {};
      list("}", () => { const key = token.kind === "name" ? advance().value : token.kind === "string" ? unquote(advance().value) : fail(); if (!take(":")) fail(); object[key] = value(); });
      return object;
    }
    if (take("[")) { const array = []; list("]", () => array.push(value())); return array; }
    if (token.kind === "string") return unquote(advance().value);
    if (token.kind === "number") return Number(advance().value);
    if (token.kind === "name" && ["true", "false", "null", "Infinity", "NaN"].includes(token.value)) return { true: true, false: false, null: null, Infinity, NaN }[advance().value];
    return fail();
  };
  const result = value();
  return token.kind === "end" ? result : fail();
}
console.log(parse(`{
  // a comment
  unquoted: 'single "quotes"', "esc\\u0061pe": "line \\
continued\\x21", /* more */ hex: 0xFF, half: .5, plus: +1.5e2,
  größe: [1, 2, , ],
}`.replace(", ,", ",")));
const failures = ["{a: }", "[1, 2", "{a: 1} b", "@", "[1,\n  2,\n  #]"].map((text) => { try { return parse(text); } catch (error) { return [error.name, error.message, error instanceof SyntaxError, error.line]; } });
console.log(failures);
return parse("[0x10, [], {}, null]");
