from datetime import datetime, timedelta
points = [("2026-03-01T00:10", 1), ("2026-03-01T00:50", 3), ("2026-03-01T02:05", 10)]
buckets = {}
for text, value in points:
    at = datetime.fromisoformat(text).replace(minute=0)
    buckets.setdefault(at, []).append(value)
at, last, filled, before = min(buckets), max(buckets), [], None
while at <= last:
    values = buckets.get(at)
    before = sum(values) / len(values) if values else before
    filled.append([at.isoformat(), before])
    at += timedelta(hours=1)
filled
