import asyncio

SITE = {"/": ["/a", "/b"], "/a": ["/b", "/c", "/slow"], "/b": ["/", "/missing"], "/c": [], "/slow": ["/d"], "/d": []}


async def fetch(path):
    await asyncio.sleep(5 if path == "/slow" else 0.1)
    if path not in SITE:
        raise FileNotFoundError(path)
    return SITE[path]


async def crawl(start, workers=3):
    queue, seen, found, failed = asyncio.Queue(), {start}, [], {}
    queue.put_nowait((start, 0))

    async def work():
        while True:
            path, depth = await queue.get()
            try:
                async with asyncio.timeout(1):
                    links = await fetch(path)
                found.append((depth, path))
                for link in links:
                    if link not in seen:
                        seen.add(link)
                        queue.put_nowait((link, depth + 1))
            except (FileNotFoundError, TimeoutError) as error:
                failed[path] = type(error).__name__
            finally:
                queue.task_done()

    tasks = [asyncio.create_task(work(), name=f"worker-{n}") for n in range(workers)]
    await queue.join()
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    return sorted(found), failed, [type(one).__name__ for one in ended]


found, failed, ended = asyncio.run(crawl("/"))
for depth, path in found:
    print("  " * depth + path)
[failed, ended]
