import re, string
def problems(p):
    rules = {"length": len(p) >= 8, "upper": re.search(r"[A-Z]", p), "lower": re.search(r"[a-z]", p), "digit": re.search(r"\d", p), "symbol": any(c in string.punctuation for c in p), "no repeat": not re.search(r"(.)\1\1", p)}
    return [name for name, ok in rules.items() if not ok]
{p: problems(p) for p in ("abc", "Abcdef12", "Abcdef1!", "aaaBBB111!!!", "Pässwörd1!")}
