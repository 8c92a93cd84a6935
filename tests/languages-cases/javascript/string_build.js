const rows = [["Item", "Qty"], ["Apple", 3], ["Fig", 12]];
const widths = [0, 1].map((i) => Math.max(...rows.map((r) => String(r[i]).length)));
const text = rows.map((r) => String(r[0]).padEnd(widths[0]) + " | " + String(r[1]).padStart(widths[1])).join("\n");
console.log(text);
return text.split("\n").length;
