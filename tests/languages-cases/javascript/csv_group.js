const text = `region,amount
north,10
south,5
north,7`;
const [head, ...lines] = text.split("\n");
const totals = {};
for (const line of lines) {
  const [region, amount] = line.split(",");
  totals[region] = (totals[region] ?? 0) + Number(amount);
}
return totals;
