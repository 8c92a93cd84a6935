import asyncio
import io
import unittest
from unittest.mock import AsyncMock, patch


class Store:
    def __init__(self, fetch):
        self.fetch, self.cache = fetch, {}

    async def price(self, sku):
        if sku not in self.cache:
            async with asyncio.timeout(1):
                self.cache[sku] = await self.fetch(sku)
        return self.cache[sku]


class StoreTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.fetch = AsyncMock(side_effect=lambda sku: {"a": 1, "b": 2}[sku])
        self.store = Store(self.fetch)
        self.addAsyncCleanup(asyncio.sleep, 0)

    async def test_asks_once(self):
        self.assertEqual([await self.store.price("a"), await self.store.price("a")], [1, 1])
        self.fetch.assert_awaited_once_with("a")

    async def test_many(self):
        self.assertEqual(await asyncio.gather(*map(self.store.price, "ab")), [1, 2])

    async def test_unknown(self):
        with self.assertRaises(KeyError):
            await self.store.price("z")

    async def test_slow(self):
        self.store.fetch = lambda sku: asyncio.sleep(5)
        with self.assertRaises(TimeoutError):
            await self.store.price("a")

    @patch("asyncio.sleep", new_callable=AsyncMock)
    async def test_patched(self, sleep):
        await asyncio.sleep(100)
        sleep.assert_awaited_with(100)

    async def test_wrong(self):
        self.assertEqual(await self.store.price("b"), 3, "the price")


suite = unittest.defaultTestLoader.loadTestsFromTestCase(StoreTest)
ran = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
for test, text in ran.failures + ran.errors:
    print(test.id().rpartition(".")[2], text.splitlines()[-1])
[ran.testsRun, len(ran.failures), len(ran.errors)]
