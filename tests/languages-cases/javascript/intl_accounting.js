const usd = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", currencySign: "accounting" });
const rows = [["Revenue", 125000], ["Refunds", -4310.5], ["Fees", -0.004], ["Adjustments", 0]];
for (const [name, amount] of rows) console.log(name.padEnd(14) + usd.format(amount).padStart(16));
usd.format(rows.reduce((sum, [, amount]) => sum + amount, 0) * -1);
