const ids = ["user_123", "user_123", "nobody"];
const found = await Promise.all(ids.map((user_id) => purchases.find({ user_id })));
const total = found.filter(Boolean).reduce((sum, one) => sum + one.price_cents, 0);
console.log(`${found.filter((one) => one === null).length} without a purchase`);
return (total / 100).toLocaleString("en-US", { style: "currency", currency: "USD" })
