import textwrap
text = "The quick brown fox jumps over the lazy dog"
print(textwrap.fill(text, width=20))
result = [textwrap.shorten(text, 25, placeholder="..."), textwrap.dedent("  a\n    b")]
