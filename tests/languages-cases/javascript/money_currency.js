const rates = { EUR: 1, USD: 1.0832, CZK: 25.31 };
const convert = (amount, from, to) => Math.round(amount / rates[from] * rates[to] * 100) / 100;
const table = Object.keys(rates).map((from) => Object.keys(rates).map((to) => convert(100, from, to)));
console.log(new Intl.NumberFormat("de-DE", { style: "currency", currency: "EUR" }).format(1234.5));
table;
