declare const VERSION: string | undefined;
declare module "somewhere" { export function f(): void }
declare global { interface Array<T> { last(): T | undefined } }
declare function later(): void;
export {};
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Walk { (value: Json, path?: string): Generator<[path: string, leaf: Json]> }
const walk: Walk = function* (value, path = "$") {
  if (Array.isArray(value)) for (const [i, one] of value.entries()) yield* walk(one, `${path}[${i}]`);
  else if (typeof value === "object" && value !== null) for (const [key, one] of Object.entries(value)) yield* walk(one as Json, `${path}.${key}`);
  else yield [path, value];
};
const document: Json = JSON.parse('{"a":[1,{"b":null}],"c":{"d":"x","e":[]}}') as Json;
for (const [path, leaf] of walk(document)) console.log(path.padEnd(10), leaf);
console.log(typeof VERSION, typeof later);
