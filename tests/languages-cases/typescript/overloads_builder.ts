function parse(text: string): number;
function parse(text: string, as: "date"): Date;
function parse(text: string, as: "list", separator?: string): string[];
function parse(text: string, as?: "date" | "list", separator: string = ","): number | Date | string[] {
  if (as === "date") return new Date(text);
  if (as === "list") return text.split(separator).map((part) => part.trim());
  return Number(text);
}
class QueryBuilder<Row extends object, Picked extends keyof Row = never> {
  private readonly parts: { fields: (keyof Row)[]; where: string[]; limit?: number } = { fields: [], where: [] };
  private constructor(private_table?: string) { this.table = private_table ?? "?"; }
  public readonly table: string;
  static from<R extends object>(this: void, table: string): QueryBuilder<R> { return new QueryBuilder<R>(table); }
  select<K extends keyof Row>(...fields: K[]): QueryBuilder<Row, Picked | K> { this.parts.fields.push(...fields); return this as unknown as QueryBuilder<Row, Picked | K>; }
  where<K extends keyof Row & string>(field: K, op: "=" | "<" | ">", value: Row[K]): this { this.parts.where.push(`${field} ${op} ${typeof value === "string" ? `'${value.replace(/'/g, "''")}'` : value}`); return this; }
  limit(n: number): this { this.parts.limit = n; return this; }
  toString(): string {
    const { fields, where, limit } = this.parts;
    return [`SELECT ${fields.map(String).join(", ") || "*"}`, `FROM ${this.table}`, where.length && `WHERE ${where.join(" AND ")}`, limit !== undefined && `LIMIT ${limit}`].filter((part): part is string => Boolean(part)).join(" ");
  }
}
interface Order { id: number; customer: string; total: number }
const query = QueryBuilder.from<Order>("orders").select("id", "total").where("customer", "=", "O'Neil").where("total", ">", 100).limit(5);
console.log(`${query}`);
console.log(parse("42") + 1, parse("2025-01-02", "date").getUTCDate(), parse("a; b;c", "list", ";"));
type Tail<T extends unknown[]> = T extends [unknown, ...infer Rest] ? Rest : never;
const tail = <T extends [unknown, ...unknown[]]>([, ...rest]: T): Tail<T> => rest as Tail<T>;
const rest = tail([1, "two", true]);
let counter: { (): number; reset?(): void };
{ let n = 0; counter = () => ++n; counter.reset = () => { n = 0; }; }
counter(); counter(); counter.reset?.();
abstract class Unit { static of<T extends typeof Unit>(this: T, value: number): string { return `${value} ${(this as unknown as { symbol: string }).symbol}`; } }
class Metre extends Unit { static readonly symbol: string = "m"; declare ghost: number; accessor?: string; }
console.log(rest, counter(), Metre.of(3), Object.keys(new Metre()));
query.table;
