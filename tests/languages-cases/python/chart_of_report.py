import chart
import csv
import io
import re

DATA = """month,north,south
Jan,10,4
Feb,12.5,
Mar,7,9
Apr,15,11"""
rows = list(csv.DictReader(io.StringIO(DATA)))
series = {name: [float(row[name]) if row[name] else None for row in rows] for name in ("north", "south")}
months = [row["month"] for row in rows]
bars = chart.bar(months, series, title="Sales & returns", y_label="k€", width=400, height=300)
line = chart.line(list(range(4)), series["north"], title="North <only>")
totals = {name: sum(filter(None, values)) for name, values in series.items()}
pie = chart.pie(list(totals), list(totals.values()))
for picture in (bars, line, pie):
    print(picture.startswith("<svg"), picture.count("<svg"), picture.rstrip().endswith("</svg>"), "<only>" in picture)
print(sorted(set(re.findall(r"&\w+;", bars + line))))
[totals, "Sales &amp; returns" in bars, bars.count("<rect") >= 7, 'width="400"' in bars]
