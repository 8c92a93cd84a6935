purchases.find(user_id="user_123")
purchases.nope()
