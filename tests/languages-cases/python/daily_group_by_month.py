from collections import defaultdict
from datetime import datetime
events = [("2024-01-15T10:00:00Z", 5), ("2024-01-31T23:59:59+00:00", 7), ("2024-02-01T00:30:00+02:00", 1), ("2023-12-31", 2)]
by = defaultdict(list)
for stamp, value in events:
    when = datetime.fromisoformat(stamp)
    by[when.strftime("%Y-%m")].append(value)
{month: (len(v), sum(v) / len(v)) for month, v in sorted(by.items())}
