import re
[re.findall(r"(?<=\$)\d+(?:\.\d\d)?", "cost $5, $7.25 and 9"), re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", "1234567"),
 re.findall(r"\b(?!un)\w+ed\b", "undone used unused tried"), bool(re.fullmatch(r"(?=.*\d)(?=.*[a-z]).{6,}", "abc123"))]
