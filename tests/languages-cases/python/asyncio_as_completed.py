import asyncio
begun = []

async def step(name, seconds):
    begun.append(name)
    await asyncio.sleep(seconds)
    return name

async def main():
    steps = [step("a", 0.03), step("b", 0.01), step("c", 0.02)]
    return [await done for done in asyncio.as_completed(steps)]

[asyncio.run(main()), sorted(begun)]
