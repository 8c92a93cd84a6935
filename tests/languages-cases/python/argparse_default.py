import argparse

parser = argparse.ArgumentParser(description="Adds.", prog="add")
parser.add_argument("numbers", nargs="*", type=int, default=[1, 2])
parser.add_argument("--times", type=int, default=1)
given = parser.parse_args(["3", "4", "--times", "2"])
print(parser.format_usage().strip())
plain = argparse.ArgumentParser()
plain.add_argument("-v", action="store_true")
print(plain.parse_args([]))
sum(given.numbers) * given.times
