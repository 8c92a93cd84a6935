import asyncio


async def total(users):
    tasks = [asyncio.create_task(purchases.find(user_id=user)) for user in users]
    # A plain call has its answer at once, in a coroutine too.
    first = purchases.find(user_id=users[0])["price_cents"]
    others = [await task for task in tasks]
    return first, sum(one["price_cents"] for one in others if one)


async def stream(users):
    for user in users:
        yield user, await purchases.find(user_id=user)


async def main():
    first, both = await total(["user_123", "user_789", "none"])
    names = {user: found["item"] async for user, found in stream(["user_789", "none"]) if found}
    listed = [one["days_ago"] for one in [await purchases.find(user) for user in ("user_123", "user_789")]]
    mapped = await asyncio.gather(*map(purchases.find, ["user_123", "none"]))
    threaded = await asyncio.to_thread(purchases.find, user_id="user_789")
    return [first, both, names, listed, [bool(one) for one in mapped], threaded["price_cents"]]


asyncio.run(main())
