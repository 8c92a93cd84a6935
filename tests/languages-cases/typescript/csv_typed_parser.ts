type Parser<T> = (text: string) => T;
type Schema = Record<string, Parser<unknown>>;
type Infer<S extends Schema> = { -readonly [K in keyof S]: S[K] extends Parser<infer T> ? T : never };
const text: Parser<string> = (value) => value;
const int: Parser<number> = (value) => { const n = Number(value); if (!Number.isInteger(n)) throw new TypeError(`${JSON.stringify(value)} is not an integer`); return n; };
const optional = <T>(parser: Parser<T>): Parser<T | null> => (value) => (value === "" ? null : parser(value));
const oneOf = <const V extends readonly string[]>(...values: V): Parser<V[number]> => (value) => { if (!values.includes(value)) throw new RangeError(`${value} is none of ${values.join("|")}`); return value as V[number]; };
function* csv(source: string): Generator<string[]> {
  let row: string[] = [], cell = "", quoted = false;
  for (let i = 0; i <= source.length; i++) {
    const c = source[i];
    if (quoted) { if (c === '"' && source[i + 1] === '"') { cell += c; i++; } else if (c === '"') quoted = false; else cell += c ?? ""; }
    else if (c === '"') quoted = true;
    else if (c === "," || c === "\n" || c === undefined) { row.push(cell); cell = ""; if (c !== ",") { if (row.length > 1 || row[0] !== "") yield row; row = []; } }
    else cell += c;
  }
}
function read<const S extends Schema>(source: string, schema: S): { rows: Infer<S>[]; errors: string[] } {
  const [head, ...lines] = csv(source), rows: Infer<S>[] = [], errors: string[] = [];
  for (const [n, line] of lines.entries()) {
    const row = {} as Record<string, unknown>;
    for (const [key, parser] of Object.entries(schema)) {
      try { row[key] = parser(line[head!.indexOf(key)] ?? ""); } catch (error) { errors.push(`row ${n + 1}, ${key}: ${(error as Error).message}`); }
    }
    if (Object.keys(row).length === Object.keys(schema).length) rows.push(row as Infer<S>);
  }
  return { rows, errors };
}
const { rows, errors } = read('name,age,plan\n"Lovelace, Ada",36,pro\nBob,x,free\n"say ""hi""",,gold\n"two\nlines",,free\n', { name: text, age: optional(int), plan: oneOf("free", "pro") });
const ages: (number | null)[] = rows.map((row) => row.age);
console.log(rows, errors, ages);
rows.length satisfies number;
