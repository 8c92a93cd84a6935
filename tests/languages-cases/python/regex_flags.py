import re
text = "First line\nsecond LINE\n# a comment\nthird"
pattern = re.compile(r"""
    ^ (\w+)      # a word at the start of a line
    \s line $    # and line
""", re.VERBOSE | re.MULTILINE | re.IGNORECASE)
[pattern.findall(text), re.findall(r"^#.*$", text, re.M), re.search("first.*third", text, re.S | re.I) is not None, pattern.flags & re.M != 0]
