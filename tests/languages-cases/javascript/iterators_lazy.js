// A lazy pipeline over iterators, with early return, and readable stack of operations.
class Lazy {
  #make;
  constructor(make) { this.#make = make; }
  static range(from = 0, to = Infinity, step = 1) { return new Lazy(function* () { for (let n = from; n < to; n += step) yield n; }); }
  static of(...items) { return new Lazy(() => items[Symbol.iterator]()); }
  [Symbol.iterator]() { return this.#make(); }
  #then(generator) { const before = this; return new Lazy(() => generator(before)); }
  map(f) { return this.#then(function* (all) { let i = 0; for (const one of all) yield f(one, i++); }); }
  filter(f) { return this.#then(function* (all) { for (const one of all) if (f(one)) yield one; }); }
  take(n) { return this.#then(function* (all) { if (n <= 0) return; let left = n; for (const one of all) { yield one; if (--left === 0) return; } }); }
  chunk(n) { return this.#then(function* (all) { let part = []; for (const one of all) { part.push(one); if (part.length === n) { yield part; part = []; } } if (part.length) yield part; }); }
  zip(other) { return this.#then(function* (all) { const second = other[Symbol.iterator](); try { for (const one of all) { const { value, done } = second.next(); if (done) return; yield [one, value]; } } finally { second.return?.(); } }); }
  flatMap(f) { return this.#then(function* (all) { for (const one of all) yield* f(one); }); }
  scan(f, start) { return this.#then(function* (all) { let sum = start; for (const one of all) yield (sum = f(sum, one)); }); }
  reduce(f, start) { let sum = start; for (const one of this) sum = f(sum, one); return sum; }
  toArray() { return [...this]; }
}
let pulled = 0;
const noisy = new Lazy(function* () { try { for (;;) yield ++pulled; } finally { console.log(`closed after ${pulled}`); } });
console.log(noisy.filter((n) => n % 2).map((n) => n ** 2).take(4).toArray());
const primes = new Lazy(function* () { const found = []; for (let n = 2; ; n++) if (!found.some((p) => n % p === 0)) { found.push(n); yield n; } });
console.log(primes.take(10).toArray(), primes.chunk(3).take(2).toArray());
console.log([...Lazy.range(1).zip("abc")], Lazy.range(0, 1, 0.25).toArray(), Lazy.of(1, 2, 3, 4).scan((a, b) => a + b, 0).toArray());
console.log(Lazy.of("a b", "c").flatMap((text) => text.split(" ")).reduce((a, b) => a + b));
const [first, , third, ...rest] = Lazy.range(10, 15);
console.log(first, third, rest, Math.max(...Lazy.range(0, 5)), new Set(Lazy.of(1, 1, 2)), Object.fromEntries(Lazy.of("x", "y").map((key, i) => [key, i])));
const fibonacci = { *[Symbol.iterator]() { let [a, b] = [0, 1]; for (;;) { const reset = yield a; [a, b] = reset ? [0, 1] : [b, a + b]; } } };
const numbers = fibonacci[Symbol.iterator]();
const got = [numbers.next(), numbers.next(), numbers.next(), numbers.next(true), numbers.return("done"), numbers.next()];
console.log(got, numbers[Symbol.toStringTag], String(numbers));
const entries = [..."ab"].entries();
console.log(entries.next(), [...entries], typeof entries[Symbol.iterator]);
return pulled;
