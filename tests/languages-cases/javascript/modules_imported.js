import { createHash, randomUUID } from "node:crypto";
import fs, { existsSync } from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

export const hash = (text) => createHash("md5").update(text).digest("hex");

export default class Cache {
  #folder;
  constructor(folder) {
    this.#folder = folder;
    fs.mkdirSync(folder, { recursive: true });
  }
  #file(key) { return path.join(this.#folder, `${hash(key)}.json`); }
  async remember(key, make) {
    const file = this.#file(key);
    if (existsSync(file)) return { hit: true, value: JSON.parse(fs.readFileSync(file, "utf8")) };
    await sleep(5);
    const value = await make(key);
    fs.writeFileSync(file, JSON.stringify(value));
    return { hit: false, value };
  }
}

const cache = new Cache("cache");
for (const key of ["a", "b", "a"]) console.log(key, await cache.remember(key, async (key) => ({ key, length: key.length })));
const { default: os } = await import("node:os");
console.log(os.EOL === "\n", /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(randomUUID()), inspect(new Map([[{ a: 1 }, "b"]])));
console.log(fs.readdirSync("cache").sort());
