await purchases.find({ user_id: "user_123" });
await purchases.nope();
