totals = {}
for row in input["rows"]:
    totals[row["k"]] = totals.get(row["k"], 0) + row["v"]
result = {"totals": totals, "max": max(totals, key=totals.get)}
