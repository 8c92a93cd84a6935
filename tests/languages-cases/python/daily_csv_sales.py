import csv, io, collections
text = """date,region,product,units,price
2024-01-03,North,Widget,10,2.50
2024-01-04,South,"Gadget, large",3,10.00
2024-01-04,North,Widget,,2.50
2024-02-01,East,Gizmo,7,"1,200.00"
2024-02-02,South,Widget,abc,2.50
"""
rows, bad = [], []
for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
    try:
        rows.append((row["date"][:7], row["region"], int(row["units"]) * float(row["price"].replace(",", ""))))
    except ValueError as error:
        bad.append((number, str(error)))
totals = collections.defaultdict(lambda: collections.defaultdict(float))
for month, region, amount in rows:
    totals[month][region] += amount
for month in sorted(totals):
    print(month, dict(sorted(totals[month].items())))
for number, why in bad:
    print(f"line {number}: {why}")
writer = csv.DictWriter(out := io.StringIO(), fieldnames=["month", "region", "amount"], quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
writer.writeheader()
writer.writerows({"month": m, "region": r, "amount": a} for m, rs in totals.items() for r, a in rs.items())
print(out.getvalue())
csv.Sniffer().sniff("a;b;c\n1;2;3\n").delimiter
