from collections import Counter
from string import ascii_letters, ascii_lowercase, ascii_uppercase, punctuation
import unicodedata

ENGLISH = "etaoinshrdlcumwfgypbvkjxqz"


def shift(text, by):
    def turn(alphabet):
        return alphabet[by % 26:] + alphabet[:by % 26]
    return text.translate(str.maketrans(ascii_letters, turn(ascii_lowercase) + turn(ascii_uppercase)))


def crack(text):
    def score(candidate):
        counted = Counter(char for char in candidate.lower() if char in ascii_lowercase)
        return sum(n * (26 - ENGLISH.index(char)) for char, n in counted.items())
    return max(range(26), key=lambda by: score(shift(text, -by)))


def vigenere(text, key, sign=1):
    out, index = [], 0
    for char in text:
        if char in ascii_letters:
            char = shift(char, sign * ascii_lowercase.index(key[index % len(key)]))
            index += 1
        out.append(char)
    return "".join(out)


secret = shift("The treasure is hidden under the old oak tree, Émile!", 11)
print(secret, crack(secret), shift(secret, -crack(secret)))
code = vigenere("Attack at Dawn!", "lemon")
print(code, vigenere(code, "lemon", -1))
text = "Straße ﬁn ΣΑΣ İi ½ e\u0301 \u00e9"
print(text.casefold(), text.upper(), text.title(), [unicodedata.category(char) for char in "aA1 .€"], unicodedata.name("é"), unicodedata.numeric("½"))
print("é" == "e\u0301", unicodedata.normalize("NFC", "e\u0301") == "é", "ﬁ".isidentifier(), "²".isdigit(), "²".isdecimal(), "ß".upper().lower())
letters = Counter("mississippi")
anagrams = {}
for word in ("listen", "silent", "enlist", "google", "elgoog"):
    anagrams.setdefault("".join(sorted(word)), []).append(word)
[letters.most_common(2), list(anagrams.values()), "a,b;c d".translate({ord(c): " " for c in punctuation}).split(), "%s" % "x".center(5, "*"), "a\tb".expandtabs(4), "ab\ncd\r\nef\x0bg".splitlines(), "x".join("abc"), "pre-fix".partition("-")]
