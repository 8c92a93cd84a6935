const text = "name: demo\nsteps:\n  - build\n  - test\nenv:\n  CI: true\n  RETRIES: 3\n";
const parse = (lines, depth = 0) => {
  let result;
  while (lines.length) {
    const indent = lines[0].match(/^ */)[0].length;
    if (indent < depth) break;
    const line = lines.shift().trim();
    if (line.startsWith("- ")) { (result ??= []).push(line.slice(2)); continue; }
    const [key, ...rest] = line.split(/:\s*/);
    const value = rest.join(": ");
    (result ??= {})[key] = value === "" ? parse(lines, indent + 1) : value === "true" ? true : Number.isNaN(Number(value)) ? value : Number(value);
  }
  return result;
};
parse(text.split("\n").filter(Boolean));
