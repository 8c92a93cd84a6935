import re
told = []
for pattern in ["(", "[a", "a**", "(?P<x>a)(?P<x>b)", "\\"]:
    try:
        re.compile(pattern)
        told.append("fine")
    except re.error as error:
        told.append([type(error).__name__ in ("error", "PatternError"), error.pos])
told
