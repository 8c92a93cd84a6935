import re

def cents(text):
    text = text.strip().replace("\u00a0", " ")
    negative = text.startswith(("-", "(")) or text.endswith("-")
    digits = re.sub(r"[^\d.,]", "", text)
    whole, mark, part = re.fullmatch(r"(.*?)(?:([.,])(\d{1,2}))?", digits).groups()
    value = int(re.sub(r"\D", "", whole) or 0) * 100 + int((part or "0").ljust(2, "0"))
    return -value if negative else value

[cents(text) for text in ["$1,234.50", "1.234,5 €", "(12.00)", "1 000 Kč", "-0.05", "7"]]
