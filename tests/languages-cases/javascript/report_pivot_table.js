const rows = [
  { date: "2025-01-03", team: "core", kind: "bug", hours: 3.5 },
  { date: "2025-01-17", team: "core", kind: "feature", hours: 12 },
  { date: "2025-02-02", team: "web", kind: "bug", hours: 0.25 },
  { date: "2025-02-11", team: "core", kind: "bug", hours: 7.75 },
  { date: "2025-02-28", team: "web", kind: "chore", hours: 2 },
  { date: "2025-03-05", team: "data", kind: "feature", hours: 40 },
];
class Pivot {
  #cells = new Map();
  #rows = new Set();
  #columns = new Set();
  constructor(rowOf, columnOf, { reduce = (a, b) => a + b, initial = 0 } = {}) {
    Object.assign(this, { rowOf, columnOf, reduce, initial });
  }
  add(item, value) {
    const row = this.rowOf(item), column = this.columnOf(item), key = JSON.stringify([row, column]);
    this.#rows.add(row);
    this.#columns.add(column);
    this.#cells.set(key, this.reduce(this.#cells.get(key) ?? this.initial, value));
    return this;
  }
  get columns() { return [...this.#columns].sort(); }
  at(row, column) { return this.#cells.get(JSON.stringify([row, column])); }
  *[Symbol.iterator]() {
    for (const row of [...this.#rows].sort()) yield [row, this.columns.map((column) => this.at(row, column) ?? null)];
  }
  toString() { return `Pivot(${this.#rows.size}x${this.#columns.size})`; }
}
const month = ({ date }) => date.slice(0, 7);
const pivot = new Pivot(({ team }) => team, month);
for (const row of rows) pivot.add(row, row.hours);
console.log(`${pivot}`, pivot);
console.table(Object.fromEntries(Array.from(pivot, ([row, cells]) => [row, Object.fromEntries(cells.map((cell, i) => [pivot.columns[i], cell ?? ""]))])));
const byKind = new Pivot(({ kind }) => kind, ({ team }) => team, { reduce: (list, hours) => [...list, hours], initial: [] });
rows.forEach((row) => byKind.add(row, row.hours));
console.log(Object.fromEntries(byKind));
return [...pivot];
