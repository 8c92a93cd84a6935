import json
from collections import defaultdict
from operator import itemgetter

LOG = """{"ts": 1.0, "id": "r1", "event": "begin", "path": "/a"}
{"ts": 1.2, "id": "r2", "event": "begin", "path": "/b"}
{"ts": 1.5, "id": "r1", "event": "query", "ms": 120}
not json at all
{"ts": 1.9, "id": "r1", "event": "end", "status": 200}
{"ts": 2.0, "id": "r3", "event": "begin", "path": "/a"}
{"ts": 2.75, "id": "r3", "event": "end", "status": 503}
{"ts": 3, "id": "r2", "event": "query", "ms": 7.5, "extra": {"deep": [1, {"x": null}]}}
"""
requests, broken = defaultdict(dict), []
for number, line in enumerate(LOG.splitlines(), 1):
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        broken.append((number, error.msg, error.colno))
        continue
    request = requests[row["id"]]
    match row:
        case {"event": "begin", "ts": ts, "path": path}:
            request.update(begin=ts, path=path)
        case {"event": "end", "ts": ts, "status": status}:
            request.update(end=ts, status=status)
        case {"event": "query", "ms": ms, **rest} if rest.keys() - {"ts", "id"}:
            request["odd"] = sorted(rest)
        case {"event": "query", "ms": ms}:
            request["db"] = request.get("db", 0) + ms
done = {key: round((one["end"] - one["begin"]) * 1000) for key, one in requests.items() if "end" in one}
for key, ms in sorted(done.items(), key=itemgetter(1), reverse=True):
    print(f"{key} {requests[key]['path']} {ms} ms, {requests[key].get('db', 0) / ms:.0%} in the database")
{"open": sorted(requests.keys() - done.keys()), "broken": broken, "errors": [k for k, r in requests.items() if r.get("status", 0) >= 500], "odd": requests["r2"]["odd"]}
