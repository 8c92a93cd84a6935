import re
line = '127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET /a?b=1 HTTP/1.1" 200 2326'
pattern = re.compile(r'(?P<ip>\S+) \S+ \S+ \[(?P<at>[^\]]+)\] "(?P<method>\w+) (?P<path>\S+) [^"]*" (?P<status>\d{3}) (?P<size>\d+|-)')
found = pattern.match(line)
{**found.groupdict(), "span": found.span("path")}
