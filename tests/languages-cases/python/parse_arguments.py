import argparse
parser = argparse.ArgumentParser(prog="tool")
parser.add_argument("files", nargs="+")
parser.add_argument("-n", "--count", type=int, default=1)
parser.add_argument("--verbose", action="store_true")
parser.add_argument("--mode", choices=["fast", "slow"], default="slow")
given = parser.parse_args(["a", "b", "-n", "3", "--mode", "fast"])
[vars(given), parser.parse_args(["x"]).verbose]
