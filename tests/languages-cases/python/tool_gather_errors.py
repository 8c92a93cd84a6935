import asyncio

async def main():
    answers = await asyncio.gather(*[purchases.find(user) for user in ("user_123", 7)], return_exceptions=True)
    return [one["item"] if isinstance(one, dict) else type(one).__name__ for one in answers]

asyncio.run(main())
