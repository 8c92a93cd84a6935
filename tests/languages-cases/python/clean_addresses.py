import re
from dataclasses import dataclass, asdict

RAW = """
 221b baker street , london ,NW1 6XE
10 Downing St., London, SW1A 2AA
Flat 3, 12 Rose  Lane, York, YO1 8AB
unknown
"""
ABBREVIATIONS = {r"\bst\b\.?": "Street", r"\brd\b\.?": "Road", r"\bln\b\.?": "Lane"}
POSTCODE = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})\b", re.I)


@dataclass
class Address:
    lines: list[str]
    city: str
    postcode: str


def parse(line):
    found = POSTCODE.search(line)
    if not found:
        raise ValueError(f"no postcode in {line!r}")
    postcode = " ".join(part.upper() for part in found.groups())
    parts = [re.sub(r"\s+", " ", part).strip() for part in line[:found.start()].split(",")]
    *street, city = [part for part in parts if part]
    cleaned = []
    for part in street:
        for pattern, full in ABBREVIATIONS.items():
            part = re.sub(pattern, full, part, flags=re.I)
        cleaned.append(" ".join(word if word[0].isdigit() else word.capitalize() for word in part.split()))
    return Address(cleaned, city.title(), postcode)


good, bad = [], []
for line in filter(None, map(str.strip, RAW.splitlines())):
    try:
        good.append(asdict(parse(line)))
    except ValueError as error:
        bad.append(str(error))
print(f"{len(good)} parsed, {len(bad)} rejected")
{"good": good, "bad": bad}
