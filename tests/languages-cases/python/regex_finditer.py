import re
text = "Call me at 555-1234 or 555-9876, not 12-34."
[[found.group(), found.start(), found.end()] for found in re.finditer(r"\b\d{3}-\d{4}\b", text)]
