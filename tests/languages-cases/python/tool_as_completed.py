import asyncio

users = ["user_789", "gone", 5, "user_123"]
names = {asyncio.ensure_future(purchases.find(user)): user for user in users}
lines = []
for future in asyncio.as_completed(names):
    try:
        found = await future
        lines.append(found["item"] if found else "nothing")
    except ToolError as error:
        lines.append(error.kind)
done, pending = await asyncio.wait(names)
failed = [user for task, user in names.items() if task.exception()]
first = await asyncio.shield(purchases.find("user_123"))
print(len(done), len(pending), failed, first["days_ago"])
lines
