import asyncio
async def work(name, delay):
    await asyncio.sleep(delay)
    print("done", name)
    return name.upper()
async def main():
    return await asyncio.gather(work("a", 0.02), work("b", 0.01))
result = asyncio.run(main())
