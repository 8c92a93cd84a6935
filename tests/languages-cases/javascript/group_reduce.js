const orders = [
  { customer: "ada", cents: 500 },
  { customer: "bob", cents: 300 },
  { customer: "ada", cents: 250 },
];
const byCustomer = orders.reduce((all, { customer, cents }) => {
  (all[customer] ??= []).push(cents);
  return all;
}, {});
const totals = Object.entries(byCustomer)
  .map(([name, list]) => ({ name, total: list.reduce((a, b) => a + b, 0) }))
  .sort((a, b) => b.total - a.total);
console.log(totals);
return totals[0];
