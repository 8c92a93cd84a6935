"""Prints the charts of charts.json as Python draws them; `charts.mjs` prints them as JavaScript does, byte for byte the same."""

import json
import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / "guest-tools/python"))
sys.dont_write_bytecode = True
import chart  # noqa: E402

for kind, labels, values, options in json.loads((here / "charts.json").read_text()):
    try:
        print(getattr(chart, kind)(labels, values, **options), end="")
    except ValueError as error:
        print(error)
