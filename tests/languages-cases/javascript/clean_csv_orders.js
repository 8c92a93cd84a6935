// Clean an export of orders: quoted CSV with stray spaces, two date formats, currency signs and duplicates.
const raw = `\uFEFForder_id;customer;placed;amount;notes
1001; "Müller, GmbH" ;03/14/2025;$1,204.50;"rush; ""fragile"""
1002;acme corp;2025-03-15;  88 ;
1002;ACME Corp;2025-03-15;88.00;duplicate of the above
1003;"O'Neil & Sons";15.03.2025;(45.10);refund
1004;;2025-13-40;n/a;bad row
`;

function parseLine(line, delimiter = ";") {
  const cells = [];
  const pattern = new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${delimiter}]*))\\s*(?:${delimiter}|$)`, "y");
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line);
    if (!match) throw new SyntaxError(`cannot parse at ${pattern.lastIndex}: ${line}`);
    cells.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : match[2].trim());
  }
  if (line.endsWith(delimiter)) cells.push("");
  return cells;
}

function parseDate(text) {
  const formats = [
    [/^(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})$/],
    [/^(?<m>\d{2})\/(?<d>\d{2})\/(?<y>\d{4})$/],
    [/^(?<d>\d{2})\.(?<m>\d{2})\.(?<y>\d{4})$/],
  ];
  for (const [format] of formats) {
    const found = format.exec(text)?.groups;
    if (!found) continue;
    const date = new Date(Date.UTC(+found.y, found.m - 1, +found.d));
    return date.getUTCMonth() === found.m - 1 ? date.toISOString().slice(0, 10) : null;
  }
  return null;
}

function parseAmount(text) {
  const negative = /^\(.*\)$/.test(text);
  const number = Number.parseFloat(text.replace(/[^\d.]/g, ""));
  return Number.isNaN(number) ? null : Math.round(number * 100) * (negative ? -1 : 1);
}

const [header, ...lines] = raw.replace(/^\uFEFF/, "").trimEnd().split(/\r?\n/);
const columns = parseLine(header);
const rows = lines.map((line) => Object.fromEntries(parseLine(line).map((cell, i) => [columns[i], cell])));
const problems = [];
const cleaned = new Map();
for (const [index, row] of rows.entries()) {
  const record = { id: Number(row.order_id), customer: row.customer || null, placed: parseDate(row.placed), cents: parseAmount(row.amount), notes: row.notes ?? "" };
  const missing = Object.entries(record).filter(([, value]) => value === null).map(([key]) => key);
  if (missing.length) problems.push(`line ${index + 2}: missing ${missing.join(", ")}`);
  else if (cleaned.has(record.id)) problems.push(`line ${index + 2}: duplicate of order ${record.id}`);
  else cleaned.set(record.id, record);
}
console.table([...cleaned.values()]);
console.log(problems);
return { total: [...cleaned.values()].reduce((sum, { cents }) => sum + cents, 0), problems: problems.length };
