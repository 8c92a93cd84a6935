import re
TOKENS = [("number", r"\d+(?:\.\d+)?"), ("name", r"[A-Za-z_]\w*"), ("op", r"[-+*/=()]"), ("skip", r"\s+"), ("bad", r".")]
pattern = re.compile("|".join(f"(?P<{name}>{one})" for name, one in TOKENS))

def tokens(text):
    for found in pattern.finditer(text):
        if found.lastgroup == "bad":
            raise SyntaxError(f"unexpected {found.group()!r} at {found.start()}")
        if found.lastgroup != "skip":
            yield found.lastgroup, found.group()

try:
    list(tokens("a = $"))
except SyntaxError as error:
    message = str(error)
[list(tokens("x1 = (2.5 + y)*3")), message]
