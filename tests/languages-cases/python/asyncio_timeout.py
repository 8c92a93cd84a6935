import asyncio
async def main():
    try:
        await asyncio.wait_for(asyncio.sleep(60), timeout=0.01)
    except asyncio.TimeoutError:
        return "timed out"
result = asyncio.run(main())
