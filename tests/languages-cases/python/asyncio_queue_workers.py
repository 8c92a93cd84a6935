import asyncio
async def worker(name, q, out):
    while True:
        n = await q.get()
        await asyncio.sleep(n / 100)
        out.append((name, n)); q.task_done()
async def main():
    q, out = asyncio.Queue(maxsize=3), []
    ws = [asyncio.create_task(worker(f"w{i}", q, out)) for i in range(2)]
    for n in (3, 1, 2, 1): await q.put(n)
    await q.join()
    for w in ws: w.cancel()
    print(await asyncio.gather(*ws, return_exceptions=True))
    print(out, q.empty(), q.full())
    try: q.get_nowait()
    except asyncio.QueueEmpty as e: print(repr(e))
    pq = asyncio.PriorityQueue(); await pq.put((2, "b")); await pq.put((1, "a")); print(await pq.get())
    sem, lock, ev, cond, active = asyncio.Semaphore(2), asyncio.Lock(), asyncio.Event(), asyncio.Condition(), []
    async def limited(n):
        async with sem:
            active.append(n); await asyncio.sleep(0.01); active.append(-n)
    await asyncio.gather(*(limited(n) for n in (1, 2, 3)))
    print(active)
    async def waiter():
        await ev.wait(); return "set"
    t = asyncio.create_task(waiter()); await asyncio.sleep(0); print(t.done()); ev.set(); print(await t)
    async def consumer():
        async with cond:
            await cond.wait_for(lambda: len(active) > 6); return len(active)
    t = asyncio.create_task(consumer()); await asyncio.sleep(0)
    async with cond: active.append(0); cond.notify_all()
    print(await t, lock.locked())
    b = asyncio.Barrier(2); print(sorted(await asyncio.gather(b.wait(), b.wait())))
asyncio.run(main())
