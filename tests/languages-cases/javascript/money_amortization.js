const fs = require("fs");
const format = (cents) => (cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
// Works in cents; the last payment takes what rounding left.
function schedule({ principal, apr, months, start, extra = {} }) {
  const rate = apr / 12, payment = rate ? Math.round((principal * rate) / (1 - (1 + rate) ** -months)) : Math.ceil(principal / months);
  const rows = [];
  let balance = principal, date = new Date(start);
  for (let n = 1; balance > 0; n++) {
    const interest = Math.round(balance * rate);
    let paid = Math.min(payment + (extra[n] ?? 0), balance + interest);
    if (n === months) paid = balance + interest;
    balance = balance + interest - paid;
    date.setUTCMonth(date.getUTCMonth() + 1);
    rows.push({ n, date: date.toISOString().slice(0, 10), paid, interest, principal: paid - interest, balance });
    if (n > months) throw new RangeError("does not end");
  }
  return { payment, rows };
}
const loan = { principal: 10_000_00, apr: 0.0725, months: 12, start: "2025-01-15T00:00:00Z" };
const { payment, rows } = schedule(loan);
console.log(`Payment: $${format(payment)}`);
console.log(["#", "Date", "Paid", "Interest", "Principal", "Balance"].map((head, i) => (i < 2 ? head.padEnd([3, 12][i]) : head.padStart(11))).join(""));
for (const row of [...rows.slice(0, 3), ...rows.slice(-2)]) console.log(`${row.n}`.padEnd(3) + row.date.padEnd(12) + [row.paid, row.interest, row.principal, row.balance].map((value) => format(value).padStart(11)).join(""));
const sum = (key, list = rows) => list.reduce((total, row) => total + row[key], 0);
console.log({ interest: format(sum("interest")), principal: sum("principal") === loan.principal, extra: schedule({ ...loan, extra: { 3: 3_000_00 } }).rows.length });
fs.writeFileSync("schedule.csv", [Object.keys(rows[0]).join(","), ...rows.map((row) => Object.values(row).join(","))].join("\n"));
const back = fs.readFileSync("schedule.csv", "utf8").split("\n").slice(1).map((line) => line.split(",").map((cell, i) => (i === 1 ? cell : +cell)));
const irr = (flows, low = -0.9, high = 1) => { const npv = (r) => flows.reduce((all, flow, t) => all + flow / (1 + r) ** t, 0); for (let i = 0; i < 100; i++) { const middle = (low + high) / 2; if (npv(middle) > 0) low = middle; else high = middle; } return (low + high) / 2; };
console.log((irr([-loan.principal, ...rows.map(({ paid }) => paid)]) * 12).toFixed(6), (0.1 + 0.2).toFixed(20), (1.005).toFixed(2), (1e21).toFixed(2), (25).toString(2), (0.000001234).toString(), (123.456).toPrecision(4), (5e-7).toExponential(3));
return back.at(-1);
