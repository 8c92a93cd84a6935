import re
text = "the year 1999 and 2001"
upper = re.sub(r"\b[a-z]", lambda found: found.group().upper(), text)
later = re.sub(r"\d+", lambda found: str(int(found.group()) + 1), text)
names = re.sub(r"(?P<first>\w+) (?P<last>\w+)", r"\g<last>, \g<first>", "Ada Lovelace")
[upper, later, names, re.subn("[aeiou]", "*", text)]
