import re, collections, datetime
LOG = '''127.0.0.1 - - [10/Oct/2023:13:55:36 +0000] "GET /index.html HTTP/1.1" 200 2326
10.0.0.5 - bob [10/Oct/2023:13:56:01 +0000] "POST /api/items?id=5 HTTP/1.1" 500 -
broken line
10.0.0.5 - - [10/Oct/2023:14:02:11 +0000] "GET /a%20b HTTP/2" 404 153'''
rx = re.compile(r'(?P<ip>\S+) \S+ (?P<user>\S+) \[(?P<t>[^]]+)\] "(?P<m>\w+) (?P<path>[^ ?"]+)[^"]*" (?P<st>\d{3}) (?P<size>\d+|-)')
rows, bad = [], 0
for line in LOG.splitlines():
    if m := rx.match(line): rows.append(m.groupdict() | {"t": datetime.datetime.strptime(m["t"], "%d/%b/%Y:%H:%M:%S %z")})
    else: bad += 1
print(bad, collections.Counter(r["st"][0] + "xx" for r in rows), sum(int(r["size"]) for r in rows if r["size"] != "-"))
print(max(rows, key=lambda r: r["t"])["path"], rows[-1]["t"] - rows[0]["t"], {r["ip"] for r in rows} == {"127.0.0.1", "10.0.0.5"})
