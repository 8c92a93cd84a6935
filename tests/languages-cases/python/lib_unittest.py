import io
import unittest
from unittest import mock

class Tests(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(sum([1, 2]), 3)

    def test_raises(self):
        with self.assertRaisesRegex(ValueError, "invalid literal"):
            int("x")

    def test_fails(self):
        self.assertIn("a", "bcd")

    @unittest.skip("not now")
    def test_skipped(self):
        pass

ran = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))
client = mock.Mock()
client.get.return_value = {"ok": True}
[ran.testsRun, len(ran.failures), len(ran.skipped), client.get("/x"), client.get.call_args.args, client.get.call_count]
