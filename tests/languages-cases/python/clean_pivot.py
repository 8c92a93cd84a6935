from collections import defaultdict
rows = [("north", "q1", 3), ("south", "q1", 4), ("north", "q2", 5), ("north", "q1", 1)]
table = defaultdict(lambda: defaultdict(int))
for region, quarter, amount in rows:
    table[region][quarter] += amount
quarters = sorted({row[1] for row in rows})
lines = ["region " + " ".join(f"{quarter:>4}" for quarter in quarters)]
for region in sorted(table):
    lines.append(f"{region:<6} " + " ".join(f"{table[region][quarter]:>4}" for quarter in quarters))
print("\n".join(lines))
{region: dict(cells) for region, cells in table.items()}
