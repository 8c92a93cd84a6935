import re
[re.split(r"[,;\s]+", "a, b;c   d"), re.split(r"(\d)", "a1b2c"), re.split(r"\W+", "one two  three", maxsplit=1), re.split("x*", "axbc")]
