import asyncio

log = []


async def step(name, delay, error=None):
    try:
        await asyncio.sleep(delay)
        if error:
            raise error
        return name
    except asyncio.CancelledError:
        log.append(f"{name} cancelled")
        raise
    finally:
        log.append(f"{name} ends")


async def main():
    try:
        async with asyncio.TaskGroup() as group:
            fine = group.create_task(step("fine", 0.1))
            group.create_task(step("bad", 0.2, ValueError("bad value")))
            group.create_task(step("long", 9))
    except* ValueError as errors:
        log.append(repr(errors.exceptions[0]))
    log.append(fine.result())
    results = await asyncio.gather(step("a", 0.3), step("b", 0.1, KeyError("k")), step("c", 0.2), return_exceptions=True)
    log.append([str(one) for one in results])
    try:
        await asyncio.wait_for(step("late", 3), timeout=1)
    except TimeoutError:
        log.append("timeout")
    shielded = asyncio.ensure_future(step("shielded", 0.5))
    try:
        await asyncio.wait_for(asyncio.shield(shielded), 0.1)
    except TimeoutError:
        log.append(await shielded)
    done, pending = await asyncio.wait([asyncio.create_task(step(str(n), n / 10)) for n in (3, 1, 2)], return_when=asyncio.FIRST_COMPLETED)
    log.append([len(done), len(pending), done.pop().result()])
    order = [await one for one in asyncio.as_completed([step("x", 0.2), step("y", 0.1)])]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return order


print(asyncio.run(main()))
log
