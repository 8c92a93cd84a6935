import io
import unittest
from unittest import mock


class Shop:
    def __init__(self, gateway):
        self.gateway = gateway

    def pay(self, cents):
        if cents <= 0:
            raise ValueError("nothing to pay")
        for attempt in range(3):
            try:
                return self.gateway.charge(cents, attempt=attempt)
            except ConnectionError:
                continue
        raise RuntimeError("the gateway is down")


class ShopTest(unittest.TestCase):
    def setUp(self):
        self.gateway = mock.Mock()
        self.shop = Shop(self.gateway)

    def test_pays_once(self):
        self.gateway.charge.return_value = "ok"
        self.assertEqual(self.shop.pay(5), "ok")
        self.gateway.charge.assert_called_once_with(5, attempt=0)

    def test_tries_again(self):
        self.gateway.charge.side_effect = [ConnectionError, "ok"]
        self.assertEqual(self.shop.pay(5), "ok")
        self.assertEqual([call.kwargs["attempt"] for call in self.gateway.charge.mock_calls], [0, 1])

    def test_amounts(self):
        for cents in (0, -1):
            with self.subTest(cents=cents), self.assertRaisesRegex(ValueError, "^nothing"):
                self.shop.pay(cents)

    def test_fails(self):
        self.assertAlmostEqual(0.1 + 0.2, 0.4, places=3)

    @unittest.skip("later")
    def test_later(self):
        self.fail()

    @unittest.expectedFailure
    def test_known(self):
        self.assertIn("x", "abc")

    @mock.patch("builtins.print")
    def test_patched(self, printed):
        print("hidden")
        printed.assert_called_with("hidden")


told = io.StringIO()
suite = unittest.defaultTestLoader.loadTestsFromTestCase(ShopTest)
ran = unittest.TextTestRunner(stream=told, verbosity=2).run(suite)
failed = [(test.id().rpartition(".")[2], text.splitlines()[-1]) for test, text in ran.failures]
print(*sorted(line.split(" (")[0] + " " + line.rpartition("... ")[2] for line in told.getvalue().splitlines() if "..." in line), sep="\n")
{"run": ran.testsRun, "failed": failed, "errors": len(ran.errors), "skipped": [why for _, why in ran.skipped], "ok": ran.wasSuccessful()}
