const totals = {};
for (const { k, v } of input.rows) totals[k] = (totals[k] ?? 0) + v;
return { totals, keys: Object.keys(totals) };
