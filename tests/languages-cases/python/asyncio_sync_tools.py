import asyncio
import contextlib
import contextvars

request = contextvars.ContextVar("request", default="-")
log = []


@contextlib.asynccontextmanager
async def connection(name):
    log.append(f"open {name}")
    try:
        await asyncio.sleep(0)
        yield name
    finally:
        log.append(f"close {name}")


async def ticker(count, pause):
    for n in range(count):
        await asyncio.sleep(pause)
        yield n


async def limited(semaphore, n, running):
    async with semaphore:
        running.append(running[-1] + 1)
        await asyncio.sleep(0.1)
        running.append(running[-1] - 1)
        return n * n


async def handler(name, gate, lock):
    request.set(name)
    await gate.wait()
    async with lock:
        await asyncio.sleep(0.01)
        log.append(f"{name} has {request.get()}")


async def producer(condition, items):
    for n in range(3):
        async with condition:
            items.append(n)
            condition.notify()
        await asyncio.sleep(0.1)


async def consumer(condition, items):
    taken = []
    while len(taken) < 3:
        async with condition:
            await condition.wait_for(lambda: items)
            taken.append(items.pop())
    return taken


async def main():
    async with connection("db") as name, contextlib.AsyncExitStack() as stack:
        for n in range(2):
            await stack.enter_async_context(connection(f"{name}{n}"))
    running = [0]
    semaphore = asyncio.Semaphore(2)
    squares = await asyncio.gather(*(limited(semaphore, n, running) for n in range(5)))
    gate, lock, condition, items = asyncio.Event(), asyncio.Lock(), asyncio.Condition(), []
    tasks = [asyncio.create_task(handler(name, gate, lock)) for name in "ab"]
    asyncio.get_running_loop().call_later(0.5, gate.set)
    await asyncio.gather(*tasks)
    taken, _ = await asyncio.gather(consumer(condition, items), producer(condition, items))
    barrier = asyncio.Barrier(2)
    places = await asyncio.gather(barrier.wait(), barrier.wait())
    ticks = [n async for n in ticker(4, 0.1) if n % 2]
    return squares, max(running), taken, sorted(places), ticks, request.get()


print(asyncio.run(main()))
log
