import builtins
import io
import sys
from unittest.mock import patch

with patch("builtins.input", return_value="5"):
    print(input("How many? "))
sys.stdin = io.StringIO("seven\n")
print(input("And then? "))
sys.stdin = sys.__stdin__
builtins.input = lambda prompt="": f"answered {prompt}"
print(input("why"))
best = sys.maxsize
for price in [1700000000000, 1690000000000]:
    best = min(best, price)
print(best, sys.maxsize)
