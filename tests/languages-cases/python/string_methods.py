s = "  Hello, World  "
t = s.strip()
result = [t.lower().replace("world", "there"), t.split(", "), t.partition(","), t[::-1], "-".join("abc"), "ab".zfill(4), t.title().swapcase(), "a\tb".expandtabs(4), t.find("W"), "Straße".casefold()]
