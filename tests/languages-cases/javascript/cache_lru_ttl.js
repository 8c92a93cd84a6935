class LruCache {
  #map = new Map(); #stats = { hits: 0, misses: 0, evicted: 0, expired: 0 };
  constructor({ max = 100, ttl = Infinity, now = Date.now, onEvict } = {}) { Object.assign(this, { max, ttl, now, onEvict }); }
  get size() { return this.#map.size; }
  get(key) {
    const entry = this.#map.get(key);
    if (entry && entry.expires <= this.now()) { this.#map.delete(key); this.#stats.expired++; }
    else if (entry) { this.#map.delete(key); this.#map.set(key, entry); this.#stats.hits++; return entry.value; }
    this.#stats.misses++;
    return undefined;
  }
  set(key, value, { ttl = this.ttl } = {}) {
    this.#map.delete(key);
    this.#map.set(key, { value, expires: this.now() + ttl });
    while (this.#map.size > this.max) { const [oldest, { value }] = this.#map.entries().next().value; this.#map.delete(oldest); this.#stats.evicted++; this.onEvict?.(oldest, value); }
    return this;
  }
  get stats() { return { ...this.#stats, ratio: this.#stats.hits / (this.#stats.hits + this.#stats.misses) }; }
  *[Symbol.iterator]() { for (const [key, { value }] of this.#map) yield [key, value]; }
  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) { return `LruCache(${this.size}/${this.max}) ${inspect(new Map(this), options)}`; }
}
let time = 0;
const evicted = [];
const cache = new LruCache({ max: 3, ttl: 10, now: () => time, onEvict: (key) => evicted.push(key) });
cache.set("a", 1).set("b", { deep: { deeper: { deepest: {} } } }).set("c", 3);
cache.get("a");
cache.set("d", 4);
time = 5;
cache.set("e", 5, { ttl: 100 });
time = 12;
console.log(["a", "b", "c", "d", "e"].map((key) => cache.get(key)), evicted, cache.stats);
console.log(cache, { nested: cache });
const memoize = (action, { key = (...values) => JSON.stringify(values), cache = new Map() } = {}) => Object.assign(function (...values) { const id = key(...values); if (!cache.has(id)) cache.set(id, action.apply(this, values)); return cache.get(id); }, { cache });
const fib = memoize((n) => (n < 2 ? BigInt(n) : fib(n - 1) + fib(n - 2)));
console.log(fib(90), fib.cache.size, fib.name, fib.length);
const weak = new WeakMap(), reference = new WeakRef(cache), owner = {};
weak.set(owner, "private");
console.log(weak.get(owner), weak.has({}), reference.deref() === cache, typeof new FinalizationRegistry(() => {}).register);
return [...cache];
