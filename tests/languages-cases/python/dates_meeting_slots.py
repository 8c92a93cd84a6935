from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

people = {"Ana": ("Europe/Madrid", [("09:00", "10:30"), ("12:00", "13:00")]), "Bo": ("America/New_York", [("08:00", "08:30")]),
          "Chen": ("Asia/Singapore", [("20:00", "21:00")])}
day = datetime(2025, 10, 27).date()
UTC = ZoneInfo("UTC")


def at(text, zone):
    return datetime.combine(day, time.fromisoformat(text), ZoneInfo(zone)).astimezone(UTC)


busy, windows = [], []
for name, (zone, meetings) in people.items():
    busy += [(at(a, zone), at(b, zone)) for a, b in meetings]
    windows.append((at("07:00", zone), at("22:00", zone)))
start, end = max(a for a, _ in windows), min(b for _, b in windows)
free, cursor = [], start
for a, b in sorted(busy):
    if a > cursor:
        free.append((cursor, min(a, end)))
    cursor = max(cursor, b)
    if cursor >= end:
        break
if cursor < end:
    free.append((cursor, end))
for a, b in free:
    local = ", ".join(f"{name} {a.astimezone(ZoneInfo(zone)):%H:%M}" for name, (zone, _) in people.items())
    print(f"{a:%H:%M}-{b:%H:%M} UTC ({b - a}): {local}")
longest = max(free, key=lambda slot: slot[1] - slot[0], default=None)
[len(free), longest and (longest[1] - longest[0]).total_seconds() / 60, str(timedelta(minutes=95))]
