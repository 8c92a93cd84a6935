rows = [{"name": "a|b", "n": 1}, {"name": "c", "n": None}]

def markdown(rows):
    keys = list(rows[0])
    cell = lambda value: "" if value is None else str(value).replace("|", "\\|")
    lines = ["| " + " | ".join(keys) + " |", "|" + "---|" * len(keys)]
    lines += ["| " + " | ".join(cell(row[key]) for key in keys) + " |" for row in rows]
    return "\n".join(lines)

markdown(rows)
