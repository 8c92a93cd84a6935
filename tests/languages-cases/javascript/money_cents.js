const cents = (text) => Math.round(Number(text.replace(/[^0-9.-]/g, "")) * 100);
const format = (n) => `$${(n / 100).toFixed(2)}`;
const items = ["$19.99", "$5.01", "$100"];
const total = items.map(cents).reduce((a, b) => a + b);
return { total, text: format(total) };
