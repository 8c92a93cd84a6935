const lines = [{ item: "Lamp", qty: 2, cents: 1999, vat: 21 }, { item: "Book", qty: 3, cents: 1250, vat: 10 }];
const totals = lines.reduce((sum, { qty, cents, vat }) => { const net = qty * cents, tax = Math.round(net * vat / 100); sum.net += net; sum.tax[vat] = (sum.tax[vat] ?? 0) + tax; return sum; }, { net: 0, tax: {} });
const money = (cents) => (cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });
console.log(`net ${money(totals.net)}`);
for (const [rate, tax] of Object.entries(totals.tax)) console.log(`VAT ${rate} % ${money(tax)}`);
totals.net + Object.values(totals.tax).reduce((a, b) => a + b, 0);
