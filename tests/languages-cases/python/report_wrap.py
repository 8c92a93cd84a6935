import textwrap
text = "Agents write reports, and reports have lines that are far too long for the page that they stand on."
print(textwrap.fill(text, 30, initial_indent="* ", subsequent_indent="  "))
print(textwrap.shorten(text, 40, placeholder="…"))
print(textwrap.indent(textwrap.dedent("""
    a
      b
""").strip(), "> "))
len(textwrap.wrap(text, 20))
