class Circuit {
  #failures = 0; #openUntil = 0;
  constructor(limit, rest) { this.limit = limit; this.rest = rest; }
  async call(action, now) {
    if (now < this.#openUntil) throw new Error("open");
    try { const value = await action(); this.#failures = 0; return value; } catch (error) { if (++this.#failures >= this.limit) { this.#openUntil = now + this.rest; this.#failures = 0; } throw error; }
  }
}
await null;
const circuit = new Circuit(2, 10), log = [];
for (const [now, works] of [[0, false], [1, false], [2, true], [11, true], [12, false]]) log.push(await circuit.call(async () => { if (!works) throw new Error("down"); return "up"; }, now).catch((error) => error.message));
return log;
