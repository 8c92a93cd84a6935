import re
[re.findall(r"\b(\w+) \1\b", "it is is what what it"), re.sub(r"(\w)\1+", r"\1", "bookkeeper"),
 re.fullmatch(r"(['\"]).*?\1", "'a\"b'") is not None, re.match(r"(a)?b(?(1)c|d)", "bd").group()]
