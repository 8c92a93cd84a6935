purchases.find(user="user_123")
