import unittest, io, sys, doctest
from unittest import mock
def add(a, b):
    """
    >>> add(1, 2)
    3
    >>> add("a", 1)
    Traceback (most recent call last):
    TypeError: can only concatenate str (not "int") to str
    >>> add(1, 1)
    3
    """
    return a + b
class T(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.log = []
    def setUp(self): self.x = [1, 2]; self.addCleanup(self.log.append, "clean")
    def test_ok(self): self.assertEqual(add(1, 2), 3); self.assertIn(1, self.x); self.assertAlmostEqual(0.1 + 0.2, 0.3); self.assertRaises(KeyError, {}.__getitem__, 1)
    def test_fail(self): self.assertEqual([1, 2, 3], [1, 5, 3], "lists")
    def test_dict(self): self.assertEqual({"a": 1}, {"a": 2})
    def test_error(self): raise ValueError("boom")
    @unittest.skip("later")
    def test_skip(self): pass
    @unittest.expectedFailure
    def test_exp(self): self.fail()
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
    def test_ctx(self):
        with self.assertRaisesRegex(ValueError, "b.d"): raise ValueError("bad")
        with self.assertLogs("x", "INFO") as cm: __import__("logging").getLogger("x").info("hi")
        self.assertEqual(cm.output, ["INFO:x:hi"])
    def test_mock(self):
        m = mock.Mock(return_value=5, side_effect=[1, ValueError("se")]); self.assertEqual(m(1, k=2), 1); m.assert_called_once_with(1, k=2)
        with self.assertRaises(ValueError): m()
        with mock.patch("sys.argv", ["p"]) as a, mock.patch.object(sys, "maxsize", 3): self.assertEqual((a, sys.maxsize), (["p"], 3))
        mm = mock.MagicMock(); mm.a.b.return_value = 7; mm.__len__.return_value = 4; self.assertEqual((mm.a.b(), len(mm), mm.mock_calls[0]), (7, 4, mock.call.a.b()))
        with mock.patch("builtins.open", mock.mock_open(read_data="data")) as o: self.assertEqual(open("f").read(), "data"); o.assert_called_with("f")
        with self.assertRaises(AssertionError) as e: m.assert_called_with(9)
        print(str(e.exception).splitlines()[0])
out = io.StringIO(); r = unittest.TextTestRunner(out, verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(T))
import re
print(re.sub(r"in [\d.]+s", "in Xs", out.getvalue())); print(r, r.wasSuccessful(), len(r.failures), len(r.errors), len(r.skipped))
