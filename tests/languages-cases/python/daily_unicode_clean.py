import unicodedata, re
names = ["  José  ", "Ａｎｎａ", "na\u00efve\u200b", "cafe\u0301", "İstanbul", "straße", "ﬁsh", "\ufeffBOM", "a\u00a0b", "emoji 👩‍👧 x"]
def clean(s):
    s = unicodedata.normalize("NFKC", s).replace("\u200b", "").replace("\ufeff", "")
    return re.sub(r"\s+", " ", s).strip()
def ascii_of(s): return "".join(c for c in unicodedata.normalize("NFD", s) if unicodedata.category(c) != "Mn").encode("ascii", "ignore").decode()
for n in names: print(repr(clean(n)), repr(ascii_of(clean(n))), len(n), clean(n).casefold(), clean(n).title())
print(sorted(["é", "z", "e", "Z", "ä"]), sorted(["é", "z", "e"], key=lambda s: unicodedata.normalize("NFD", s)), "👩‍👧"[0], len("👩‍👧"), "x".join("añb"), "ñ" == "n\u0303", [hex(ord(c)) for c in "é€😀"], "😀".encode("utf-16-be").hex(), "\N{SNOWMAN}")
