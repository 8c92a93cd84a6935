import asyncio, threading, time
loop = asyncio.new_event_loop()
def serve():
    asyncio.set_event_loop(loop)
    loop.run_forever()
t = threading.Thread(target=serve, daemon=True); t.start()
async def work(n):
    await asyncio.sleep(0.01)
    return n + 1
f = asyncio.run_coroutine_threadsafe(work(1), loop)
print(f.result(timeout=2))
loop.call_soon_threadsafe(loop.stop)
t.join(timeout=1)
print(t.is_alive())
