// A token bucket on a clock of its own, a queue with a deadline, and a batcher as DataLoader does it.
class Clock {
  now = 0;
  #timers = [];
  sleep(ms) { return new Promise((resolve) => { this.#timers.push({ at: this.now + ms, resolve }); }); }
  async run() {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.#timers.length) return this.now;
      this.#timers.sort((a, b) => a.at - b.at);
      const { at, resolve } = this.#timers.shift();
      this.now = at;
      resolve();
    }
  }
}
class TokenBucket {
  constructor(clock, { capacity, perSecond }) { Object.assign(this, { clock, capacity, perSecond, tokens: capacity, last: clock.now, chain: Promise.resolve() }); }
  take(n = 1) {
    const turn = this.chain.then(async () => {
      for (;;) {
        this.tokens = Math.min(this.capacity, this.tokens + ((this.clock.now - this.last) / 1000) * this.perSecond);
        this.last = this.clock.now;
        if (this.tokens >= n) { this.tokens -= n; return this.clock.now; }
        await this.clock.sleep(Math.ceil(((n - this.tokens) / this.perSecond) * 1000));
      }
    });
    this.chain = turn.catch(() => {});
    return turn;
  }
}
const clock = new Clock(), bucket = new TokenBucket(clock, { capacity: 3, perSecond: 2 });
const times = [];
const work = Promise.all([1, 1, 1, 1, 2, 1].map(async (n, i) => { times.push([i, await bucket.take(n)]); }));
const ended = await clock.run();
await work;
console.log(times, ended);

const batched = (load, { most = 3 } = {}) => {
  let queue = [];
  const cache = new Map();
  const flush = async () => {
    const batch = queue;
    queue = [];
    for (let at = 0; at < batch.length; at += most) {
      const part = batch.slice(at, at + most);
      try {
        const values = await load(part.map(({ key }) => key));
        part.forEach(({ resolve, reject }, i) => (values[i] instanceof Error ? reject(values[i]) : resolve(values[i])));
      } catch (error) { part.forEach(({ reject }) => reject(error)); }
    }
  };
  return (key) => {
    if (!cache.has(key)) cache.set(key, new Promise((resolve, reject) => { if (queue.push({ key, resolve, reject }) === 1) process.nextTick(flush); }));
    return cache.get(key);
  };
};
const batches = [];
const user = batched(async (ids) => { batches.push(ids); return ids.map((id) => (id < 0 ? new RangeError(`no user ${id}`) : { id })); });
const found = await Promise.allSettled([user(1), user(2), user(1), user(-5), user(4)]);
console.log(batches, found.map(({ status, value, reason }) => (status === "fulfilled" ? value.id : reason.message)));
return found[0].value === found[2].value;
