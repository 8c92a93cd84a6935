const before = `const a = 1;
const b = 2;
console.log(a + b);
function unused() {}
export { a };`.split("\n");
const after = `const a = 1;
const b = 3;
const c = 4;
console.log(a + b);
export { a };
// end`.split("\n");

function diff(left, right) {
  const table = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) table[i][j] = left[i] === right[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  }
  const edits = [];
  for (let i = 0, j = 0; i < left.length || j < right.length;) {
    if (i < left.length && j < right.length && left[i] === right[j]) edits.push({ kind: " ", text: left[i], i: ++i, j: ++j });
    else if (j >= right.length || (i < left.length && table[i + 1][j] >= table[i][j + 1])) edits.push({ kind: "-", text: left[i], i: ++i, j });
    else edits.push({ kind: "+", text: right[j], i, j: ++j });
  }
  return edits;
}
function hunks(edits, context = 1) {
  const keep = edits.map((_, at) => edits.slice(Math.max(0, at - context), at + context + 1).some(({ kind }) => kind !== " "));
  const found = [];
  edits.forEach((edit, at) => {
    if (!keep[at]) return;
    if (!keep[at - 1]) found.push([]);
    found.at(-1).push(edit);
  });
  return found;
}
for (const hunk of hunks(diff(before, after))) {
  const left = hunk.filter(({ kind }) => kind !== "+"), right = hunk.filter(({ kind }) => kind !== "-");
  console.log(`@@ -${left[0]?.i ?? 0},${left.length} +${right[0]?.j ?? 0},${right.length} @@`);
  for (const { kind, text } of hunk) console.log(kind + text);
}
const stat = diff(before, after).reduce((all, { kind }) => ({ ...all, [kind]: (all[kind] ?? 0) + 1 }), {});
console.log(diff([], ["x"]), diff(["x"], []));
return stat;
