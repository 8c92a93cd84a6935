found, missing = {}, []
for user in ["user_123", "a", "b"]:
    purchase = purchases.find(user)
    if purchase is None:
        missing.append(user)
        continue
    found[user] = f"{purchase['item']}: ${purchase['price_cents'] / 100:.2f}, {purchase['days_ago']} days ago"
print(len(found), "found")
[found, missing]
