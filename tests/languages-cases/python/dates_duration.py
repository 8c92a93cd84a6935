import re
from datetime import timedelta

def duration(text):
    parts = dict((unit, int(count)) for count, unit in re.findall(r"(\d+)\s*([dhms])", text))
    return timedelta(days=parts.get("d", 0), hours=parts.get("h", 0), minutes=parts.get("m", 0), seconds=parts.get("s", 0))

total = duration("1d 2h") + duration("90m30s")
[str(total), total.total_seconds(), str(timedelta(seconds=-1)), total // timedelta(hours=1)]
