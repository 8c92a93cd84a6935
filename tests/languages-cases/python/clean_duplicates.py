rows = [
    {"id": 1, "email": "A@x.org", "at": "2026-01-03"},
    {"id": 2, "email": "b@x.org", "at": "2026-01-01"},
    {"id": 3, "email": "a@X.org ", "at": "2026-01-05"},
]
latest = {}
for row in rows:
    key = row["email"].strip().lower()
    if key not in latest or row["at"] > latest[key]["at"]:
        latest[key] = row
sorted((row["id"], key) for key, row in latest.items())
