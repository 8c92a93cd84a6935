const text = `; a comment
[server]
host = localhost
port=8080
debug = true

[paths]
root = /srv/data
name = "with spaces"
`;
const config = {};
let section = config;
for (const line of text.split("\n")) {
  const trimmed = line.trim();
  if (!trimmed || /^[;#]/.test(trimmed)) continue;
  const head = /^\[(.+)\]$/.exec(trimmed);
  if (head) { section = config[head[1]] = {}; continue; }
  const [, key, raw] = /^([^=]+?)\s*=\s*(.*)$/.exec(trimmed);
  section[key] = raw === "true" ? true : /^\d+$/.test(raw) ? Number(raw) : raw.replace(/^"(.*)"$/, "$1");
}
config;
