import asyncio, time, datetime
async def main():
    t0, p0, d0, l0 = time.time(), time.perf_counter(), datetime.datetime.now(), asyncio.get_running_loop().time()
    await asyncio.gather(*(asyncio.sleep(n) for n in (0.1, 0.3, 0.2)))
    print(f"{time.time() - t0:.1f} {time.perf_counter() - p0:.1f} {(datetime.datetime.now() - d0).total_seconds():.1f} {asyncio.get_running_loop().time() - l0:.1f}")
asyncio.run(main())
s = time.monotonic(); time.sleep(0.5); print(f"{time.monotonic() - s:.1f}")
s = time.time(); time.sleep(2); print(round(time.time() - s))
