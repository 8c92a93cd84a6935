import unittest
class T(unittest.TestCase):
    def test_a(self): self.assertTrue(True)
    def test_b(self): self.assertEqual(1 + 1, 2)
if __name__ == "__main__":
    unittest.main(argv=["x"], exit=False)
    print("after")
