const schedule = (principal, yearly, months) => {
  const rate = yearly / 12, payment = Math.round(principal * rate / (1 - (1 + rate) ** -months));
  const rows = [];
  for (let month = 1, left = principal; month <= months; month++) {
    const interest = Math.round(left * rate), paid = month === months ? left + interest : payment;
    left -= paid - interest;
    rows.push({ month, paid, interest, left });
  }
  return rows;
};
const rows = schedule(1_000_000, 0.06, 12);
console.log(rows[0], rows.at(-1));
rows.reduce((sum, row) => sum + row.interest, 0);
