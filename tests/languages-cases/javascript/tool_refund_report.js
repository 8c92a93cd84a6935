// Looks customers up, asks the policy about each, and reports; a failed look-up is a row of its own.
const users = input?.users ?? ["user_123", "user_789", "nobody"];
const usd = (cents) => (cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });
const rows = await Promise.all(users.map(async (user_id) => {
  try {
    const purchase = await purchases.find({ user_id });
    if (purchase === null) return { user_id, status: "unknown" };
    const { item, price_cents, days_ago } = purchase;
    const [within, needs] = await Promise.all([policy.within_window({ days_ago, window_days: 30 }), policy.needs_approval({ amount_cents: price_cents, approval_above_cents: 10000 })]);
    return { user_id, item, price: usd(price_cents), status: !within ? "too old" : needs ? "ask" : "refund" };
  } catch (error) {
    return { user_id, status: `failed: ${error.name}` };
  }
}));
const width = Math.max(...rows.map(({ user_id }) => user_id.length));
for (const { user_id, status, price = "-" } of rows) console.log(user_id.padEnd(width), price.padStart(9), status);
const groups = rows.reduce((all, { status, user_id }) => ({ ...all, [status]: [...(all[status] ?? []), user_id] }), {});
return groups;
