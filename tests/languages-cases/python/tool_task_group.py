import asyncio

found, errors = {}, []


async def look(user):
    try:
        found[str(user)] = (await purchases.find(user))["price_cents"]
    except TypeError:
        found[str(user)] = None
    return user


async with asyncio.TaskGroup() as group:
    tasks = [group.create_task(look(user), name=f"look-{user}") for user in ("user_123", "user_789", "x")]
try:
    async with asyncio.TaskGroup() as group:
        group.create_task(look("user_123"))
        group.create_task(look(404))
except* ToolError as failed:
    errors = [(error.kind, error.message.partition(":")[2].strip()) for error in failed.exceptions]
print(found, [task.get_name() for task in tasks])
errors
