rows = [{"a": "1", "b": ""}, {"a": None, "b": "2.5"}, {"a": "n/a", "b": "x"}, {"b": " 3 "}]

def number(text):
    if text is None or text.strip().lower() in ("", "n/a", "null", "-"):
        return None
    try:
        return float(text)
    except ValueError:
        return None

columns = {key: [number(row.get(key)) for row in rows] for key in ("a", "b")}
means = {}
for key, values in columns.items():
    known = [value for value in values if value is not None]
    means[key] = sum(known) / len(known) if known else None
filled = {key: [means[key] if value is None else value for value in values] for key, values in columns.items()}
[columns, means, filled]
