import re
sizes = ["10 KB", "1.5mb", "300", "2 GiB", "junk", "0.5 TB"]
POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}

def size(text):
    found = re.fullmatch(r"\s*([\d.]+)\s*([kmgt]?)(i?)b?\s*", text, re.IGNORECASE)
    if not found:
        return None
    number, unit, binary = found.groups()
    return round(float(number) * (1024 if binary else 1000) ** POWERS[unit.lower()])

{text: size(text) for text in sizes}
