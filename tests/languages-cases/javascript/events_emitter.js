const EventEmitter = require("events");
class Queue extends EventEmitter {
  #jobs = [];
  add(job) { this.#jobs.push(job); this.emit("added", job, this.#jobs.length); return this; }
  run() { for (const job of this.#jobs.splice(0)) { try { this.emit("done", job, job()); } catch (error) { this.emit("error", error); } } }
}
const queue = new Queue(), seen = [];
queue.once("added", (job, count) => seen.push(`first of ${count}`));
queue.on("done", (job, value) => seen.push(value));
queue.on("error", (error) => seen.push(error.message));
queue.add(() => 1).add(() => { throw new Error("broken"); }).add(() => 3).run();
[seen, queue.listenerCount("done"), queue.eventNames().sort(), queue.emit("nothing")];
