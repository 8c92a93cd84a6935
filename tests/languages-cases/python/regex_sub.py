import re
masked = re.sub(r"\b(\d{4})[ -]?(\d{4})[ -]?(\d{4})[ -]?(\d{4})\b", lambda m: "**** " + m.group(4), "card 4111 1111 1111 1234 ok")
words = re.split(r"[,;\s]+", "a, b;c  d")
result = [masked, words, re.findall(r"[A-Z]\w+", "Ada met Bob in Paris")]
