text = "0001Ada       0012.50\n0002Bob Smith 0000.05\n"
SPANS = {"id": (0, 4), "name": (4, 14), "amount": (14, 21)}
rows = [{key: line[begin:end].strip() for key, (begin, end) in SPANS.items()} for line in text.splitlines()]
[[int(row["id"]), row["name"], float(row["amount"])] for row in rows]
