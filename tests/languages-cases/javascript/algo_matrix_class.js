class Matrix {
  static #check(rows) {
    if (!rows.every((row) => row.length === rows[0].length)) throw new RangeError("rows of different lengths");
    return rows;
  }
  static identity(n) { return new this(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)))); }
  constructor(rows) { this.rows = Matrix.#check(rows); }
  get size() { return [this.rows.length, this.rows[0].length]; }
  times(other) {
    if (this.size[1] !== other.size[0]) throw new RangeError(`cannot multiply ${this.size.join("x")} by ${other.size.join("x")}`);
    return new Matrix(this.rows.map((row) => other.transposed.rows.map((column) => row.reduce((sum, value, i) => sum + value * column[i], 0))));
  }
  get transposed() { return new Matrix(this.rows[0].map((_, j) => this.rows.map((row) => row[j]))); }
  power(n) { return n === 0 ? Matrix.identity(this.size[0]) : n % 2 ? this.times(this.power(n - 1)) : this.times(this).power(n / 2); }
  get determinant() {
    const rows = this.rows.map((row) => [...row]);
    let result = 1;
    for (let i = 0; i < rows.length; i++) {
      const pivot = rows.findIndex((row, at) => at >= i && Math.abs(row[i]) > 1e-12);
      if (pivot < 0) return 0;
      if (pivot !== i) { [rows[i], rows[pivot]] = [rows[pivot], rows[i]]; result = -result; }
      result *= rows[i][i];
      for (let at = i + 1; at < rows.length; at++) {
        const factor = rows[at][i] / rows[i][i];
        for (let j = i; j < rows.length; j++) rows[at][j] -= factor * rows[i][j];
      }
    }
    return result;
  }
  *[Symbol.iterator]() { for (const row of this.rows) yield* row; }
  [Symbol.toPrimitive](hint) { return hint === "number" ? this.determinant : this.toString(); }
  toString() { const width = Math.max(...[...this].map((value) => String(value).length)); return this.rows.map((row) => row.map((value) => String(value).padStart(width)).join(" ")).join("\n"); }
  toJSON() { return this.rows; }
  get [Symbol.toStringTag]() { return "Matrix"; }
}
const a = new Matrix([[2, -1, 0], [1, 3, 5], [0, 4, -2]]);
console.log(`${a}\n`, a);
console.log(+a, a.times(Matrix.identity(3)).rows, Math.max(...a), Object.prototype.toString.call(a));
console.log(JSON.stringify({ fib: new Matrix([[1, 1], [1, 0]]).power(30) }));
try { a.times(new Matrix([[1, 2]])); } catch (error) { console.log(`${error}`); }
try { new Matrix([[1], [1, 2]]); } catch ({ name, message }) { console.log({ name, message }); }
return a.transposed;
