import asyncio

async def step(name, seconds):
    await asyncio.sleep(seconds)
    return name

async def main():
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(step("slow", 0.02))
        fast = group.create_task(step("fast", 0.01))
    first = await asyncio.wait_for(step("in time", 0), timeout=1)
    try:
        await asyncio.wait_for(asyncio.sleep(9), timeout=0.01)
    except TimeoutError:
        late = "late"
    return [slow.result(), fast.result(), first, late, await asyncio.to_thread(len, "abc")]

asyncio.run(main())
