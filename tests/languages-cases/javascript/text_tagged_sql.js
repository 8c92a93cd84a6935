class Sql {
  constructor(strings, values) { this.strings = strings; this.values = values; Object.freeze(this); }
  get text() { return this.strings.reduce((all, part, i) => `${all}$${i}${part}`); }
  get [Symbol.toStringTag]() { return "Sql"; }
}
function sql(strings, ...values) {
  const parts = [strings.raw[0]], flat = [];
  values.forEach((value, i) => {
    if (value instanceof Sql) {
      parts[parts.length - 1] += value.strings[0];
      parts.push(...value.strings.slice(1));
      flat.push(...value.values);
      parts[parts.length - 1] += strings.raw[i + 1];
    } else {
      flat.push(value);
      parts.push(strings.raw[i + 1]);
    }
  });
  return new Sql(parts.map((part) => part.replace(/\s+/g, " ")), flat);
}
sql.join = (list, separator = ", ") => list.reduce((all, one, i) => (i ? sql`${all}${new Sql([separator], [])}${one}` : sql`${one}`));
sql.id = (name) => new Sql([`"${name.replaceAll('"', '""')}"`], []);
const filters = { status: "open", "weird\"name": 5 };
const where = sql.join(Object.entries(filters).map(([key, value]) => sql`${sql.id(key)} = ${value}`), " AND ");
const query = sql`
  SELECT id, total
  FROM orders
  WHERE ${where} AND created > ${new Date(0)} AND note LIKE ${"%'; DROP TABLE orders; --%"}
  ORDER BY total LIMIT ${10}`;
console.log(query.text.trim());
console.log(query.values, query);
const same = (strings) => strings;
const twice = () => same`a${1}b`;
console.log(twice() === twice(), Object.isFrozen(twice()), same`\u{41}\n`.raw, String.raw`C:\new\${"x"}`, ((s) => s[0])`\unicode`);
const dedent = ({ raw }, ...values) => { const text = String.raw({ raw }, ...values).replace(/^\n/, ""); const least = Math.min(...text.match(/^[ \t]*(?=\S)/gm).map(({ length }) => length)); return text.replace(new RegExp(`^[ \\t]{${least}}`, "gm"), "").trimEnd(); };
console.log(dedent`
    def f(x):
        return ${40 + 2}
    `);
return query.values.length;
