import asyncio, time, threading
log = []
def blocking(n):
    log.append(f"begin {n}")
    time.sleep(n / 20)
    log.append(f"end {n}")
    return n
async def main():
    start = time.monotonic()
    async def ticker():
        for i in range(3):
            log.append(f"tick {i}")
            await asyncio.sleep(0.04)
    results = await asyncio.gather(asyncio.to_thread(blocking, 2), asyncio.to_thread(blocking, 1), ticker())
    print(results, 0.09 < time.monotonic() - start < 0.2)
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, blocking, 1), await loop.run_in_executor(None, lambda: threading.current_thread() is threading.main_thread()))
    try:
        await asyncio.wait_for(asyncio.to_thread(time.sleep, 0.2), 0.05)
    except TimeoutError:
        print("timeout")
asyncio.run(main())
print(sorted(log[:3]), log[-1], "end 2" in log)
