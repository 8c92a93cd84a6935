// Box-drawing table with alignment per column, wrapped cells and a footer.
const chars = { t: "┌┬┐", m: "├┼┤", b: "└┴┘", h: "─", v: "│" };
const wrap = (text, width) => {
  const lines = [];
  let line = "";
  for (const word of String(text).split(/\s+/)) {
    if (line && line.length + 1 + word.length > width) { lines.push(line); line = ""; }
    line = line ? `${line} ${word}` : word;
    while (line.length > width) { lines.push(line.slice(0, width - 1) + "-"); line = line.slice(width - 1); }
  }
  return [...lines, line];
};
const align = { left: (s, w) => s.padEnd(w), right: (s, w) => s.padStart(w), center: (s, w) => s.padStart(Math.floor((w + s.length) / 2)).padEnd(w) };
function box(columns, rows, footer) {
  const rule = ([l, c, r]) => l + columns.map(({ width }) => chars.h.repeat(width + 2)).join(c) + r;
  const render = (cells) => {
    const wrapped = cells.map((cell, i) => wrap(cell ?? "", columns[i].width));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, row) => chars.v + columns.map(({ width, side = "left" }, i) => ` ${align[side](wrapped[i][row] ?? "", width)} `).join(chars.v) + chars.v).join("\n");
  };
  return [rule(chars.t), render(columns.map(({ title }) => title)), rule(chars.m), ...rows.flatMap((row, i) => (i ? [rule(chars.m), render(row)] : [render(row)])), ...(footer ? [rule(chars.m), render(footer)] : []), rule(chars.b)].join("\n");
}
const items = [["SKU-1", "Stainless steel water bottle with a bamboo lid", 2, 18.5], ["SKU-22", "Supercalifragilisticexpialidocious sticker", 10, 0.99], ["SKU-3", null, 1, 1234.5]];
const total = items.reduce((sum, [, , count, price]) => sum + count * price, 0);
const out = box(
  [{ title: "SKU", width: 7 }, { title: "Item", width: 20 }, { title: "Qty", width: 3, side: "center" }, { title: "Price", width: 9, side: "right" }],
  items.map(([sku, item, count, price]) => [sku, item, count, price.toLocaleString("en-US", { minimumFractionDigits: 2 })]),
  ["", "Total", "", total.toLocaleString("en-US", { style: "currency", currency: "USD" })],
);
console.log(out);
new Set(out.split("\n").map((line) => line.length)).size === 1;
