const { readFile, writeFile, mkdir, readdir, stat, rm, access, appendFile } = require("node:fs/promises");
const { join, relative, sep } = require("node:path");

async function* walk(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}
const exists = (path) => access(path).then(() => true, () => false);

await mkdir("site/posts/2025", { recursive: true });
await Promise.all([
  writeFile("site/index.md", "# Home\n\nSee [first](posts/2025/first.md) and [gone](posts/gone.md).\n"),
  writeFile("site/posts/2025/first.md", "# First\n\nBack [home](../../index.md).\n"),
  writeFile("site/posts/2025/second.md", "---\ntitle: Second\ntags: [a, b]\n---\nText.\n"),
]);
await appendFile("site/posts/2025/first.md", "\n![pic](pic.png)\n");

const broken = [];
let bytes = 0;
const found = [];
for await (const path of walk("site")) found.push(path);
for (const path of found.sort()) {
  const text = await readFile(path, "utf8");
  bytes += (await stat(path)).size;
  for (const { groups: { bang, label, target } } of text.matchAll(/(?<bang>!?)\[(?<label>[^\]]*)\]\((?<target>[^)\s]+)\)/g)) {
    const aim = join(path, "..", target);
    if (!(await exists(aim))) broken.push({ in: relative("site", path).split(sep).join("/"), label: bang + label, aim });
  }
  const front = /^---\n(?<head>.*?)\n---\n/s.exec(text)?.groups.head;
  if (front) console.log(Object.fromEntries(front.split("\n").map((line) => line.split(/:\s*/))));
}
console.log(found.length, bytes, broken);
await rm("site", { recursive: true });
const failure = await readFile("site/index.md").catch((error) => `${error.code}: ${error.message}`);
return failure;
