const sales = [["north", "Q1", 120.5], ["south", "Q1", 80], ["north", "Q2", 99.25], ["south", "Q2", 140], ["east", "Q1", 10]];
const pivot = {};
for (const [region, quarter, amount] of sales) (pivot[region] ??= {})[quarter] = (pivot[region]?.[quarter] ?? 0) + amount;
const quarters = [...new Set(sales.map(([, quarter]) => quarter))];
console.log(["region", ...quarters, "total"].map((head) => head.padEnd(8)).join("|"));
for (const [region, row] of Object.entries(pivot)) {
  const total = Object.values(row).reduce((a, b) => a + b, 0);
  console.log([region, ...quarters.map((quarter) => (row[quarter] ?? 0).toFixed(2)), total.toFixed(2)].map((cell) => String(cell).padEnd(8)).join("|"));
}
pivot;
