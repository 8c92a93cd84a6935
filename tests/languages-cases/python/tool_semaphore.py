import asyncio
from collections import Counter

users = ["user_123", "user_789"] + [f"user_{n}" for n in range(5)]
gate, stats = asyncio.Semaphore(3), Counter()


async def bounded(user):
    async with gate:
        stats["begun"] += 1
        stats["most"] = max(stats["most"], stats["begun"] - stats["ended"])
        try:
            return await asyncio.wait_for(purchases.find(user), timeout=1)
        finally:
            stats["ended"] += 1


results = await asyncio.gather(*[bounded(user) for user in users])
paid = {user: found["price_cents"] for user, found in zip(users, results, strict=True) if found}
print(dict(stats))
paid
