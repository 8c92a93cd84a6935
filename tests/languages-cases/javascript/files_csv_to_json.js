const fs = require("fs");
const path = require("path");

// Prepare the files that the task gives.
fs.mkdirSync("in", { recursive: true });
fs.writeFileSync(path.join("in", "north.csv"), "sku,qty\nA1,3\nB2,10\n");
fs.writeFileSync(path.join("in", "south.csv"), "sku,qty\r\nA1,1\r\nC3,7\r\n");
fs.writeFileSync(path.join("in", "notes.txt"), "not data");

const files = fs.readdirSync("in").filter((file) => path.extname(file) === ".csv").sort();
const stock = {};
for (const file of files) {
  const region = path.basename(file, ".csv");
  const [head, ...rows] = fs.readFileSync(path.join("in", file), "utf-8").trim().split(/\r?\n/).map((line) => line.split(","));
  for (const row of rows) {
    const { sku, qty } = Object.fromEntries(head.map((name, i) => [name, row[i]]));
    (stock[sku] ??= {})[region] = Number(qty);
  }
}
const out = path.join("out", "stock.json");
fs.mkdirSync(path.dirname(out), { recursive: true });
fs.writeFileSync(out, JSON.stringify(stock, null, "\t") + "\n");
fs.appendFileSync(path.join("out", "log.txt"), `read ${files.length} files\n`);
fs.appendFileSync(path.join("out", "log.txt"), `wrote ${Object.keys(stock).length} items\n`);
fs.copyFileSync(out, path.join("out", "stock.backup.json"));
fs.renameSync(path.join("in", "notes.txt"), path.join("out", "notes.txt"));
fs.unlinkSync(path.join("out", "notes.txt"));
console.log(fs.readFileSync(path.join("out", "log.txt"), { encoding: "utf8" }).split("\n"));
console.log(fs.readdirSync("out"), fs.statSync(out).size, fs.statSync("out").isDirectory());
for (const entry of fs.readdirSync(".", { withFileTypes: true })) console.log(entry.name, entry.isDirectory() ? "dir" : "file");
try {
  fs.readFileSync("missing.csv");
} catch (error) {
  console.log(error.code, error.syscall, error.path, error.message, error instanceof Error);
}
try { fs.rmdirSync("out"); } catch (error) { console.log(error.code); }
fs.rmSync("in", { recursive: true, force: true });
return [fs.existsSync("in"), JSON.parse(fs.readFileSync(out)).A1];
