from datetime import datetime, timedelta

LOG = """\
2025-03-28 in 08:55
2025-03-28 out 12:10
2025-03-28 in 12:40
2025-03-28 out 17:35
2025-03-29 in 22:00
2025-03-30 out 06:30
2025-03-31 in 09:00
"""
total, open_since, days, problems = timedelta(), None, {}, []
for number, line in enumerate(LOG.splitlines(), 1):
    day, event, clock = line.split()
    moment = datetime.fromisoformat(f"{day}T{clock}")
    if event == "in":
        if open_since:
            problems.append(f"line {number}: in twice")
        open_since = moment
    elif open_since is None:
        problems.append(f"line {number}: out without in")
    else:
        worked = moment - open_since
        key = open_since.date()
        days[key] = days.get(key, timedelta()) + worked
        total += worked
        open_since = None
if open_since:
    problems.append(f"still in since {open_since:%a %H:%M}")


def hours(span):
    minutes = span // timedelta(minutes=1)
    return f"{minutes // 60}:{minutes % 60:02}"


for key, worked in days.items():
    rounded = timedelta(minutes=15) * round(worked / timedelta(minutes=15))
    print(f"{key:%a %d} {hours(worked):>6} {hours(rounded):>6}{' overtime' if worked > timedelta(hours=8) else ''}")
{"total": hours(total), "decimal": round(total / timedelta(hours=1), 2), "problems": problems}
