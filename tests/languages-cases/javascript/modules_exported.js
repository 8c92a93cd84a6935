import assert from "node:assert/strict";
import { parse as parsePath, sep } from "node:path";

export const VERSION = "1.2.0";
export let calls = 0;
export async function load(name) {
  calls += 1;
  return { name, ...parsePath(name) };
}
export function* count(to) {
  for (let n = 1; n <= to; n++) yield n;
}
export class Registry {
  #all = new Map();
  add(name, value) { this.#all.set(name, value); return this; }
  get size() { return this.#all.size; }
}
class Hidden extends Registry {}
const helpers = { twice: (n) => n * 2, half: (n) => n / 2 };
const { twice, half } = helpers;
export { twice, half, Hidden };
export default async function main() {
  const loaded = await Promise.all(["a/b.txt", "c.json"].map(load));
  assert.equal(calls, 2);
  return loaded.map(({ dir, ext }) => [dir, ext]);
}

console.log(await main(), [...count(3)], new Hidden().add("x", 1).size, sep);
console.log(VERSION, twice(21), half(1));
