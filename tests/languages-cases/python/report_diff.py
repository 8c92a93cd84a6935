import difflib
old = "a\nb\nc\nd\n".splitlines(keepends=True)
new = "a\nB\nc\nd\ne\n".splitlines(keepends=True)
print("".join(difflib.unified_diff(old, new, "old.txt", "new.txt")), end="")
[difflib.get_close_matches("aple", ["ape", "apple", "peach"], n=1), round(difflib.SequenceMatcher(None, "abcd", "bcde").ratio(), 3)]
