import csv, io
from collections import defaultdict

text = """region,amount
north,10
south,5
north,7
"""
totals = defaultdict(int)
for row in csv.DictReader(io.StringIO(text)):
    totals[row["region"]] += int(row["amount"])
result = dict(totals)
