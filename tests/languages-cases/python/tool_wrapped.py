import functools
import inspect
import time

calls = []


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        calls.append((function.__qualname__, args, kwargs))
        return function(*args, **kwargs)
    return wrapper


find = functools.lru_cache(maxsize=None)(counted(purchases.find))
by_name = functools.partial(purchases.find, user_id="user_789")
look = {"purchase": purchases.find}["purchase"]


class Client:
    def __init__(self, tool):
        self.tool = tool

    async def price(self, user):
        found = await self.tool(user)
        return found and found["price_cents"]


prices = [find("user_123")["price_cents"] for _ in range(3)]
client = Client(look)
awaited = [await client.price("user_123"), await client.price("nobody"), (await by_name())["item"], (await find("user_123"))["days_ago"]]
print(calls, list(inspect.signature(purchases.find).parameters), purchases.find.__name__, (purchases.find.__doc__ or "").split(",")[0])
print(repr(purchases)[:17], callable(look), [name for name in dir(purchases) if not name.startswith("_")])
[prices, awaited]
