import asyncio
async def work(n, fail=False):
    await asyncio.sleep(n / 100)
    if fail: raise ValueError(f"bad {n}")
    return n
async def main():
    async with asyncio.TaskGroup() as tg:
        a, b = tg.create_task(work(2)), tg.create_task(work(1), name="b")
    print(a.result(), b.result(), b.get_name())
    try:
        async with asyncio.TaskGroup() as tg:
            c = tg.create_task(work(5)); tg.create_task(work(1, True)); tg.create_task(work(1, True))
    except* ValueError as group:
        print(group, [str(e) for e in group.exceptions], c.cancelled())
    try:
        async with asyncio.timeout(0.01) as t:
            await asyncio.sleep(1)
    except TimeoutError as e:
        print("timeout", repr(e), t.expired())
    try:
        await asyncio.wait_for(work(9), timeout=0.01)
    except asyncio.TimeoutError: print("wait_for")
    print(await asyncio.gather(work(1), work(1, True), return_exceptions=True))
    done, pending = await asyncio.wait([asyncio.create_task(work(n)) for n in (1, 3)], return_when=asyncio.FIRST_COMPLETED)
    print(len(done), len(pending)); [p.cancel() for p in pending]
    async for f in asyncio.as_completed([work(3), work(1), work(2)]): print(await f, end=" ")
    print()
    for f in asyncio.as_completed([work(3), work(1)]): print(await f, end=" ")
    t = asyncio.create_task(work(50)); await asyncio.sleep(0); t.cancel("why")
    try: await t
    except asyncio.CancelledError as e: print("cancelled", e.args)
    print(t, t.cancelled(), len(asyncio.all_tasks()))
asyncio.run(main())
