// Accounts receivable: bucket open invoices by age at a date, per customer, with totals.
const asOf = new Date("2025-06-30T00:00:00Z");
const invoices = [
  { no: "A-17", customer: "Initech", due: "2025-06-20", cents: 125000 },
  { no: "A-09", customer: "Initech", due: "2025-04-02", cents: 99950 },
  { no: "B-01", customer: "Hooli", due: "2025-07-15", cents: 1000000 },
  { no: "B-02", customer: "Hooli", due: "2025-05-30", cents: 33333 },
  { no: "C-44", customer: "Umbrella", due: "2024-12-24", cents: 5 },
];
const buckets = [["current", -Infinity, 0], ["1-30", 1, 30], ["31-60", 31, 60], ["61-90", 61, 90], ["90+", 91, Infinity]];
const DAY = 24 * 60 * 60 * 1000;
const ageOf = ({ due }) => Math.floor((asOf - new Date(`${due}T00:00:00Z`)) / DAY);
const bucketOf = (age) => buckets.find(([, low, high]) => age >= low && age <= high)[0];
const usd = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

const table = {};
for (const invoice of invoices) {
  const bucket = bucketOf(ageOf(invoice));
  table[invoice.customer] ??= Object.fromEntries(buckets.map(([name]) => [name, 0]));
  table[invoice.customer][bucket] += invoice.cents;
}
const names = buckets.map(([name]) => name);
const width = 13;
const line = (label, cells) => label.padEnd(10) + cells.map((cell) => cell.padStart(width)).join("");
console.log(line("customer", [...names, "total"]));
console.log("-".repeat(10 + width * (names.length + 1)));
const totals = Object.fromEntries(names.map((name) => [name, 0]));
for (const [customer, row] of Object.entries(table).sort(([a], [b]) => a.localeCompare(b))) {
  const sum = Object.values(row).reduce((a, b) => a + b, 0);
  for (const name of names) totals[name] += row[name];
  console.log(line(customer, [...names.map((name) => (row[name] ? usd.format(row[name] / 100) : "-")), usd.format(sum / 100)]));
}
const grand = Object.values(totals).reduce((a, b) => a + b);
console.log(line("TOTAL", [...names.map((name) => usd.format(totals[name] / 100)), usd.format(grand / 100)]));
const worst = invoices.toSorted((a, b) => ageOf(b) - ageOf(a))[0];
return { worst: worst.no, age: ageOf(worst), overdue: +((1 - totals.current / grand) * 100).toFixed(2) };
