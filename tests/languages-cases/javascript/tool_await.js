const found = await purchases.find({ user_id: "user_123" });
[found.item, found.price_cents];
