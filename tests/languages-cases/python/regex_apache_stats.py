import re
from collections import Counter
from datetime import datetime

LOG = r'''10.0.0.1 - - [10/Oct/2025:13:55:36 +0200] "GET /index.html HTTP/1.1" 200 2326 "-" "Mozilla/5.0 (X11)"
10.0.0.2 - bob [10/Oct/2025:13:55:40 +0200] "POST /api/orders?id=1 HTTP/1.1" 201 512 "https://a.example/" "curl/8.0"
10.0.0.1 - - [10/Oct/2025:14:01:02 +0200] "GET /missing HTTP/1.1" 404 - "-" "bot \"x\""
garbage line
10.0.0.3 - - [11/Oct/2025:00:00:00 +0000] "GET /api/orders?id=2 HTTP/2" 500 77 "-" "curl/8.0"'''
LINE = re.compile(r'''
    (?P<host>\S+)\ \S+\ (?P<user>\S+)\ \[(?P<when>[^\]]+)\]\ "(?P<method>[A-Z]+)\ (?P<path>[^\s?]+)(?:\?(?P<query>\S*))?\ HTTP/[\d.]+"
    \ (?P<status>\d{3})\ (?P<size>\d+|-)\ "(?P<referer>[^"]*)"\ "(?P<agent>(?:[^"\\]|\\.)*)"$''', re.X)
status, paths, bad, total = Counter(), Counter(), 0, 0
moments = []
for line in LOG.splitlines():
    if not (found := LINE.match(line)):
        bad += 1
        continue
    row = found.groupdict()
    status[row["status"][0] + "xx"] += 1
    paths[row["path"]] += 1
    total += 0 if row["size"] == "-" else int(row["size"])
    moments.append(datetime.strptime(row["when"], "%d/%b/%Y:%H:%M:%S %z"))
print(dict(status), paths.most_common(1), bad, total)
span = max(moments) - min(moments)
[str(span), [moment.utcoffset().total_seconds() for moment in moments[::3]], LINE.groupindex["path"]]
