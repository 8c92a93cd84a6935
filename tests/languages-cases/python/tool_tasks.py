import asyncio

async def price(user):
    async with asyncio.timeout(5):
        purchase = await purchases.find(user_id=user)
    return purchase["price_cents"] if purchase else 0

async def main():
    tasks = [asyncio.create_task(price(user)) for user in ("user_123", "nobody", "user_123")]
    return sum([await task for task in tasks])

asyncio.run(main())
