import asyncio
async def main():
    queue, out = asyncio.Queue(), []
    async def worker():
        while True:
            item = await queue.get()
            out.append(item * 2)
            queue.task_done()
    task = asyncio.create_task(worker())
    for n in range(3):
        queue.put_nowait(n)
    await queue.join()
    task.cancel()
    return out
result = asyncio.run(main())
