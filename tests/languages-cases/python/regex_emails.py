import re
text = "Write to ada@example.org, bob.smith+x@sub.example.co.uk; not @nobody or a@b."
found = re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text)
domains = sorted({one.rpartition("@")[2] for one in found})
[found, domains, re.escape("a.b+c")]
