const items = [{ name: "Lamp", price: 19.9, stock: 3 }, { name: "Desk | oak", price: 249, stock: 0 }];
const escape = (value) => String(value).replace(/\|/g, "\\|");
const keys = Object.keys(items[0]);
const lines = [`| ${keys.join(" | ")} |`, `| ${keys.map(() => "---").join(" | ")} |`, ...items.map((item) => `| ${keys.map((key) => escape(item[key])).join(" | ")} |`)];
console.log(lines.join("\n"));
lines.length;
