import asyncio

users = ["user_123", "nobody", "user_789", "user_123"]


async def enrich(user):
    purchase = await purchases.find(user_id=user)
    if purchase is None:
        return {"user": user, "state": "unknown"}
    recent, costly = await asyncio.gather(
        policy.within_window(days_ago=purchase["days_ago"], window_days=7),
        policy.needs_approval(amount_cents=purchase["price_cents"], approval_above_cents=10_000),
    )
    return {"user": user, "state": "recent" if recent else "old", "costly": costly, "item": purchase["item"]}


async def main():
    rows = await asyncio.gather(*(enrich(user) for user in dict.fromkeys(users)))
    by_user = {row["user"]: row for row in rows}
    return [by_user[user] for user in users]


rows = asyncio.run(main())
for row in rows:
    print(*row.values(), sep=" | ")
[row["state"] for row in rows]
