import html
import re

INLINE = [(re.compile(r"`([^`]+)`"), r"<code>\1</code>"), (re.compile(r"\*\*(.+?)\*\*"), r"<b>\1</b>"), (re.compile(r"(?<!\w)_(.+?)_(?!\w)"), r"<i>\1</i>"),
          (re.compile(r"\[([^\]]+)\]\((https?://[^\s)]+)\)"), r'<a href="\2">\1</a>')]


def inline(text):
    text = html.escape(text, quote=False)
    for pattern, by in INLINE:
        text = pattern.sub(by, text)
    return text


def blocks(text):
    lines = iter(text.splitlines())
    paragraph, items = [], []

    def flush():
        if paragraph:
            yield f"<p>{inline(' '.join(paragraph))}</p>"
            paragraph.clear()
        if items:
            yield "<ul>" + "".join(f"<li>{inline(item)}</li>" for item in items) + "</ul>"
            items.clear()

    for line in lines:
        if line.startswith("```"):
            yield from flush()
            code = []
            while (line := next(lines, "```")) != "```":
                code.append(html.escape(line))
            yield f"<pre>{chr(10).join(code)}</pre>"
        elif heading := re.match(r"(#{1,6})\s+(.+?)\s*#*$", line):
            yield from flush()
            level = len(heading[1])
            yield f'<h{level} id="{re.sub(r"[^a-z0-9]+", "-", heading[2].lower()).strip("-")}">{inline(heading[2])}</h{level}>'
        elif item := re.match(r"[-*] (.+)", line):
            items.append(item[1])
        elif items and line.startswith("  "):
            items[-1] += " " + line.strip()
        elif line.strip():
            paragraph.append(line.strip())
        else:
            yield from flush()
    yield from flush()


TEXT = """# Hello, *World* & Co. ##
Some **bold _and_ more** with snake_case_name
and `a < b`.

- one [link](https://example.org/?a=1&b=2)
  continued
- two

```
if x < 1: "y"
```
## Ende
"""
out = list(blocks(TEXT))
print(*out, sep="\n")
[len(out), html.unescape("&lt;&eacute;&#8364;&bad;"), html.escape("'\"")]
