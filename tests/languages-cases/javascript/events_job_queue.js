const { EventEmitter, once, on } = require("node:events");
class JobQueue extends EventEmitter {
  #waiting = [];
  #active = new Set();
  #paused = false;
  constructor({ concurrency = 2, retries = 1 } = {}) { super(); Object.assign(this, { concurrency, retries }); }
  add(name, action, priority = 0) {
    const job = { name, action, priority, attempts: 0 };
    job.done = new Promise((resolve, reject) => Object.assign(job, { resolve, reject }));
    job.done.catch(() => {});
    this.#waiting.push(job);
    this.#waiting.sort((a, b) => b.priority - a.priority);
    this.emit("added", name);
    queueMicrotask(() => this.#next());
    return job.done;
  }
  pause() { this.#paused = true; return this; }
  resume() { this.#paused = false; this.#next(); return this; }
  #next() {
    while (!this.#paused && this.#active.size < this.concurrency && this.#waiting.length) {
      const job = this.#waiting.shift();
      this.#active.add(job);
      job.attempts++;
      this.emit("start", job.name, job.attempts);
      Promise.resolve().then(job.action).then(job.resolve, (error) => {
        if (job.attempts <= this.retries) { this.emit("retry", job.name, error); this.#waiting.push(job); }
        else { this.emit("failed", job.name, error); job.reject(error); }
      }).finally(() => {
        this.#active.delete(job);
        if (!this.#active.size && !this.#waiting.length) this.emit("idle");
        this.#next();
      });
    }
  }
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const queue = new JobQueue();
const log = [];
for (const event of ["added", "start", "retry", "failed"]) queue.on(event, (name, detail) => log.push([event, name, detail instanceof Error ? detail.message : detail].filter((x) => x !== undefined).join(" ")));
queue.once("start", () => log.push("first start")).prependListener("start", () => log.push("-"));
const results = queue.pause();
const jobs = [queue.add("slow", () => sleep(30).then(() => "S")), queue.add("urgent", async () => { await sleep(1); return "U"; }, 10), queue.add("flaky", (() => { let n = 0; return () => { if (!n++) throw new Error("hiccup"); return "F"; }; })()), queue.add("broken", async () => { throw new TypeError("always"); })];
results.resume();
await once(queue, "idle");
console.log(log.join("\n"));
console.log((await Promise.allSettled(jobs)).map(({ status, value, reason }) => [status, value ?? reason.message]));
console.log(queue.listenerCount("start"), queue.eventNames(), queue.emit("unheard"));
try { queue.emit("error", new Error("nothing listens")); } catch (error) { console.log(error.message); }
const ticker = new EventEmitter(), stop = new AbortController();
setTimeout(() => { for (const n of [1, 2, 3]) ticker.emit("tick", n); stop.abort(); }, 1);
const seen = [];
try { for await (const [n] of on(ticker, "tick", { signal: stop.signal })) seen.push(n); } catch (error) { seen.push(error.name); }
return seen;
