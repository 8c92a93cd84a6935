const groups = {};
for (const row of input.rows) {
  if (row.amount % 5 === 0) continue;
  (groups[row.group] ??= []).push({ ...row, amount: row.amount * 2, user: row.user.toUpperCase() });
}
for (const rows of Object.values(groups)) rows.sort((a, b) => b.amount - a.amount);
const text = JSON.stringify(groups);
return { bytes: text.length, groups: Object.keys(JSON.parse(text)).length };
