import argparse
import contextlib
import io


def size(text):
    units = {"K": 1024, "M": 1024**2}
    try:
        return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size") from None


parser = argparse.ArgumentParser(prog="pack", description="Packs files.", exit_on_error=False)
parser.add_argument("-v", "--verbose", action="count", default=0)
commands = parser.add_subparsers(dest="command", required=True)
add = commands.add_parser("add")
add.add_argument("files", nargs="+")
add.add_argument("--limit", type=size, default="1M", metavar="SIZE")
add.add_argument("--tag", action="append", default=[])
group = add.add_mutually_exclusive_group()
group.add_argument("--zip", dest="kind", action="store_const", const="zip", default="tar")
group.add_argument("--dry-run", action=argparse.BooleanOptionalAction)
show = commands.add_parser("list")
show.add_argument("--sort", choices=["name", "size"], default="name")

for line in ("-vv add a.txt b.txt --limit 3K --tag x --tag=y --zip", "list --sort size", "add c --no-dry-run"):
    print(sorted(vars(parser.parse_args(line.split())).items()))
known, rest = add.parse_known_args(["f", "--unknown", "1"])
print(known.files, rest)
errors = []
for line in ("add", "list --sort date", "add f --limit 3Q", "add f --zip --dry-run", "nothing"):
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        try:
            parser.parse_args(line.split())
        except argparse.ArgumentError as error:
            errors.append(error.argument_name)
        except SystemExit as error:
            errors.append([error.code, "usage: pack" in told.getvalue()])
errors
