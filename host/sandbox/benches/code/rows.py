import json

groups = {}
for row in input["rows"]:
    if row["amount"] % 5 == 0:
        continue
    new = dict(row)
    new["amount"] = row["amount"] * 2
    new["user"] = row["user"].upper()
    groups.setdefault(str(row["group"]), []).append(new)
for key in groups:
    groups[key] = sorted(groups[key], key=lambda row: -row["amount"])
text = json.dumps(groups)
result = {"bytes": len(text), "groups": len(json.loads(text))}
result
