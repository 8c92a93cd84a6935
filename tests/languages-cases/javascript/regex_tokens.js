const tokenize = (text) => {
  const kinds = [["number", /\d+(?:\.\d+)?/y], ["name", /[a-z_]\w*/iy], ["op", /[-+*\/()=]/y], ["space", /\s+/y]];
  const tokens = [];
  for (let at = 0; at < text.length;) {
    const hit = kinds.map(([kind, re]) => { re.lastIndex = at; const match = re.exec(text); return match && [kind, match[0]]; }).find(Boolean);
    if (!hit) throw new SyntaxError(`unexpected ${text[at]} at ${at}`);
    if (hit[0] !== "space") tokens.push(hit);
    at += hit[1].length;
  }
  return tokens;
};
let error;
try { tokenize("a ? b"); } catch (thrown) { error = thrown.message; }
({ tokens: tokenize("x1 = 3.14*(r+2)"), error });
