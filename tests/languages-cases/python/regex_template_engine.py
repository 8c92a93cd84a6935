import re

TAG = re.compile(r"\{\{\s*(?P<path>[\w.]+)(?:\s*\|\s*(?P<filters>[\w\s|:.%-]+?))?\s*\}\}|\{%\s*(?P<kind>for|if|end)\b(?P<rest>.*?)%\}", re.S)
FILTERS = {"upper": str.upper, "title": str.title, "fixed": lambda value, digits="2": f"{float(value):.{int(digits)}f}",
           "default": lambda value, other="-": value or other}


def lookup(path, scope):
    value = scope
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value.get(part, "")
    return value


def render(text, scope):
    out, position, depth, block = [], 0, 0, None
    for tag in TAG.finditer(text):
        kind = tag["kind"]
        if depth == 0:
            out.append(text[position:tag.start()])
        if kind in ("for", "if"):
            if depth == 0:
                block = (kind, tag["rest"].split(), tag.end())
            depth += 1
        elif kind == "end":
            depth -= 1
            if depth == 0:
                inner = text[block[2]:tag.start()]
                if block[0] == "for":
                    name, _, path = block[1]
                    out += [render(inner, scope | {name: one}) for one in lookup(path, scope)]
                elif lookup(block[1][0], scope):
                    out.append(render(inner, scope))
        elif depth == 0:
            value = lookup(tag["path"], scope)
            for one in filter(None, map(str.strip, (tag["filters"] or "").split("|"))):
                name, *arguments = one.split(":")
                value = FILTERS[name](value, *arguments)
            out.append(str(value))
        position = tag.end()
    return "".join(out) + text[position:]


page = "Dear {{ user.name | title }},{% for o in orders %}\n- {{ o.item|upper }}: {{o.price | fixed:1}}{% if o.gift %} (gift){% end %}{% end %}\n{{ note | default:none }}"
print(render(page, {"user": {"name": "ada lovelace"}, "orders": [{"item": "tea", "price": 3.25, "gift": True}, {"item": "mug", "price": "8"}], "note": ""}))
len(TAG.findall(page))
