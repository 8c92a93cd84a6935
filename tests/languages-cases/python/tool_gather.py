import asyncio
found = await asyncio.gather(purchases.find(user_id="user_123"), purchases.find(user_id="nobody"))
[found[0]["price_cents"], found[1]]
