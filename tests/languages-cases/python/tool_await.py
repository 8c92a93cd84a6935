# Models write both; the answer is the same.
awaited = await purchases.find(user_id="user_123")
plain = purchases.find(user_id="user_123")
[awaited["item"], awaited["price_cents"], plain == awaited]
