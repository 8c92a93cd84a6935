const tree = { src: { "index.js": 120, lib: { "a.js": 30, "b.js": 50 } }, "README.md": 10 };
const lines = [];
const walk = (node, prefix = "") => {
  let sum = 0;
  Object.entries(node).forEach(([name, value], at, all) => {
    const isLast = at === all.length - 1, line = lines.push(prefix + (isLast ? "└── " : "├── ") + name) - 1;
    const size = typeof value === "number" ? value : walk(value, prefix + (isLast ? "    " : "│   "));
    lines[line] += ` (${size})`;
    sum += size;
  });
  return sum;
};
const total = walk(tree);
console.log(lines.join("\n"));
total;
