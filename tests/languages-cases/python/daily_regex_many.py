import re
print(re.findall(r"(?P<y>\d{4})-(?P<m>\d\d)", "2024-05 and 2023-11"), re.split(r"([,;])\s*", "a, b;c"))
print(re.sub(r"(?i)\b(hello)\b", lambda m: m[1].upper() + "!", "Hello hello hellos"))
print(re.sub(r"(\w+) (\w+)", r"\2 \g<1>\g<0>", "ab cd ef gh", count=1))
print(re.fullmatch(r"[\w.+-]+@[\w-]+\.[\w.]+", "a.b+c@d-e.co.uk") is not None, re.escape("a.b*c d-e#"))
m = re.compile(r"""
    (?P<key>\w+) \s* = \s*     # the key
    (?: "(?P<q>[^"]*)" | (?P<v>\S+) )
""", re.VERBOSE)
print([x.groupdict() for x in m.finditer('a = "b c" d=e')], m.groupindex, m.flags)
for pattern in ("(", "[a", "a{2,1}", "*a", r"\1", "(?P<1>a)", "(?<=a+)b", "a**", r"\p"):
    try:
        re.compile(pattern)
        print("ok", pattern)
    except re.error as error:
        print(pattern, "->", error, error.pos)
print(re.findall(r"(?s)a.b|\bé\w*", "a\nb été"), re.findall(r"\d+", "١٢ 34"), re.findall(r"(?a)\w+", "é1"))
print(re.subn("a*", "-", "baac"), re.split(r"\b", "ab cd"), re.match("a|ab", "ab").span(), re.search("(a)|(b)", "b").groups("x"))
print(re.findall("(?>a+)b|a++c", "aab aac"), re.sub("(?P<x>a)(b)?", r"[\2]", "ab a"))
print(repr(re.search("b+", "abbb")), re.compile("x", re.I | re.M))
re.search(r"(\d+)(?!\d|\.)", "12.5 77").expand(r"<\1>")
