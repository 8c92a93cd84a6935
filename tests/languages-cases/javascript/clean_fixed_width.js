const layout = [["id", 5, "int"], ["name", 12, "text"], ["born", 8, "date"], ["balance", 10, "money"], ["active", 1, "flag"]];
const data = [
  "00012Ada Lovelace18151210  00012345Y",
  "00013Alan Turing 19120623 -00000050N",
  "0001XBad Id      19000101 000000000Y",
  "00014Grace Hopper1906120 0000000777?",
].join("\r\n");
class FieldError extends Error {
  constructor(field, text, options) {
    super(`${field}: cannot read ${JSON.stringify(text)}`, options);
    this.name = "FieldError";
    this.field = field;
  }
}
const readers = {
  int(text) {
    if (!/^\d+$/.test(text)) throw new TypeError("not a number");
    return Number.parseInt(text, 10);
  },
  text: (text) => text.trimEnd(),
  date(text) {
    const [, y, m, d] = /^(\d{4})(\d{2})(\d{2})$/.exec(text) ?? [];
    if (!y) throw new RangeError("not a date");
    return new Date(Date.UTC(y, m - 1, d)).toISOString().slice(0, 10);
  },
  money: (text) => Number(text.trim()) / 100,
  flag(text) {
    switch (text) {
      case "Y": return true;
      case "N": return false;
      default: throw new TypeError(`flag ${text}`);
    }
  },
};
function* records(text) {
  for (const line of text.split(/\r\n|\n/)) {
    let at = 0;
    const record = {}, errors = [];
    for (const [name, width, type] of layout) {
      const slice = line.slice(at, (at += width));
      try { record[name] = readers[type](slice); } catch (cause) { errors.push(new FieldError(name, slice, { cause })); }
    }
    yield errors.length ? { errors } : { record };
  }
}
const out = [];
for (const { record, errors } of records(data)) {
  if (record) out.push(record);
  else for (const error of errors) console.error(`${error.name} ${error.message} <- ${error.cause.name}: ${error.cause.message}`);
}
console.log(JSON.stringify(out, null, 2));
return out.map(({ name, balance }) => [name, balance]);
