import asyncio, contextlib
async def ticker(n):
    try:
        for i in range(n):
            yield i
            await asyncio.sleep(0.001)
    finally:
        print("closed")
class Res:
    async def __aenter__(self): print("in"); return self
    async def __aexit__(self, t, v, tb): print("out", t and t.__name__); return t is KeyError
class Count:
    def __init__(self, n): self.n = n
    def __aiter__(self): return self
    async def __anext__(self):
        if not self.n: raise StopAsyncIteration
        self.n -= 1; return self.n
@contextlib.asynccontextmanager
async def session():
    print("open")
    try: yield "s"
    finally: print("shut")
async def main():
    print([x async for x in ticker(3)], {x async for x in Count(3) if x})
    async with contextlib.aclosing(ticker(5)) as t:
        async for x in t:
            if x == 1: break
    async with Res(), session() as s:
        print(s); raise KeyError(1)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(Res()); stack.push_async_callback(asyncio.sleep, 0)
    g = ticker(2); print(await anext(g), await g.asend(None), await anext(g, "end"))
    async def inner(): return 1
    c = inner(); print(asyncio.iscoroutine(c), await c)
    try: await c
    except RuntimeError as e: print(e)
    loop = asyncio.get_running_loop(); f = loop.create_future(); loop.call_later(0.01, f.set_result, "later"); loop.call_soon(print, "soon"); print(await f)
    await asyncio.shield(asyncio.sleep(0)); 
    with contextlib.suppress(StopAsyncIteration): await Count(0).__anext__()
asyncio.run(main())
