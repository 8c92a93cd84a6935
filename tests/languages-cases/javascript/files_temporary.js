const fs = require("fs"), os = require("os"), path = require("path");
// Works in a folder of its own below the temporary one, writes in one step by a rename, and cleans up whatever happens.
function inTemporary(prefix, action) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
  try { return action(folder); } finally { fs.rmSync(folder, { recursive: true, force: true }); }
}
function writeAtomically(file, text) {
  const beside = `${file}.tmp`;
  fs.writeFileSync(beside, text, { flag: "wx" });
  fs.renameSync(beside, file);
}
let kept;
const sizes = inTemporary("report-", (folder) => {
  kept = folder;
  const out = path.join(folder, "out.csv");
  writeAtomically(out, "a,b\n1,2\n");
  writeAtomically(out, "a,b\n1,2\n3,4\n");
  fs.writeFileSync(path.join(folder, "taken.tmp"), "");
  try { writeAtomically(path.join(folder, "taken"), "x"); } catch ({ code, errno, syscall }) { console.log(code, errno, syscall); }
  fs.mkdirSync(path.join(folder, "deep/er"), { recursive: true });
  console.log(fs.readdirSync(folder).sort());
  return fs.readFileSync(out, "utf8").split("\n").length;
});
console.log(path.dirname(kept) === os.tmpdir(), path.basename(kept).startsWith("report-"), fs.existsSync(kept));
try { fs.readFileSync(path.join(kept, "out.csv")); } catch (error) { console.log(error.errno, error.code, error.syscall, Object.keys(error)); }
fs.writeFileSync("/tmp/report-once.txt", "x");
fs.unlinkSync("/tmp/report-once.txt");
sizes;
