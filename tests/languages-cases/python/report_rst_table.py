from itertools import zip_longest
from textwrap import wrap

rows = [["Option", "Default", "What it does"],
        ["--jobs", "4", "How many workers run at the same time; 0 means one for each core of the machine"],
        ["--dry-run", "off", "Prints what would be done"],
        ["--out", "./build", "The folder for results\nIt is made if it is missing"]]
WIDTHS = [10, 8, 26]


def cells(row):
    for text, width in zip(row, WIDTHS):
        yield [piece for line in text.splitlines() for piece in wrap(line, width)] or [""]


def rule(mark="-"):
    return "+" + "+".join(mark * (width + 2) for width in WIDTHS) + "+"


out = [rule()]
for number, row in enumerate(rows):
    for pieces in zip_longest(*cells(row), fillvalue=""):
        out.append("|" + "|".join(f" {piece:<{width}} " for piece, width in zip(pieces, WIDTHS)) + "|")
    out.append(rule("=" if number == 0 else "-"))
print("\n".join(out))
{"lines": len(out), "widths": sorted({len(line) for line in out})}
