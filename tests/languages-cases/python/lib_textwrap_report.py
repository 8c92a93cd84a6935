import difflib
import pprint
import reprlib
import textwrap

TEXT = """\
    Stock  report
      of the week

    The quick brown fox's extraordinarily-long-hyphenated-description keeps going; antidisestablishmentarianism.
    """
plain = textwrap.dedent(TEXT)
for paragraph in plain.split("\n\n"):
    print(textwrap.fill(" ".join(paragraph.split()), 30, initial_indent="* ", subsequent_indent="  ", break_long_words=False))
print(textwrap.indent("a\n\nb\n", "> ", lambda line: True), end="")
print(textwrap.wrap("aaa bbb ccc ddd eee", 7, max_lines=2, placeholder=" ~"), textwrap.shorten("Hello   big world", 12))
before, after = "one\ntwo\nthree\nfour\n".splitlines(True), "one\n2\nthree\nfour\nfive\n".splitlines(True)
print("".join(difflib.unified_diff(before, after, "old", "new", n=1)), end="")
print("".join(line for line in difflib.ndiff(["colour\n", "same\n"], ["color\n", "same\n"])), end="")
restored = list(difflib.restore(difflib.ndiff(before, after), 1))
data = {"name": "x" * 30, "list": list(range(30)), "nested": {"b": (1, {"z", }), "a": None}}
pprint.pprint(data, width=60, compact=True, sort_dicts=True)
print(reprlib.repr(list(range(100))), pprint.pformat(data, depth=1)[-20:])
[restored == before, difflib.SequenceMatcher(None, "abcd", "bcde").get_opcodes(), f"{'x':*^9}|{3.14159:{10}.{3}}"]
