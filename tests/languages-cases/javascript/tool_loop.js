const users = ["user_123", "user_789", "nobody"], rows = [];
for (const user_id of users) {
  const found = await purchases.find({ user_id });
  rows.push({ user_id, found: found !== null, price: typeof found?.price_cents });
}
return rows
