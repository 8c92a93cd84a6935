import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const __filename = fileURLToPath(import.meta.url), __dirname = dirname(__filename);
console.log(import.meta.url.startsWith("file:///"), __filename === import.meta.filename, __dirname === import.meta.dirname, typeof import.meta.resolve);
const inside = () => ({ url: new URL("./data.json", import.meta.url).pathname === join(__dirname, "data.json"), name: basename(import.meta.url) === basename(__filename) });
console.log(inside(), Object.keys(import.meta).sort());
for (const name of ["lodash", "./none.js"]) try { await import(name); } catch (error) { console.log(name, error.code); }
