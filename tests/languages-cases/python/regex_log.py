import re
log = """2026-05-01 ERROR db timeout after 30s
2026-05-01 INFO ok
2026-05-02 ERROR api status=500"""
pattern = re.compile(r"^(?P<day>\S+) ERROR (?P<part>\w+) (?P<rest>.*)$", re.M)
result = [m.groupdict() for m in pattern.finditer(log)]
