from datetime import datetime, timedelta, date
start = datetime(2026, 1, 31, 22, 30)
end = start + timedelta(days=1, hours=3)
print(end.strftime("%Y-%m-%d %H:%M"), (end - start).total_seconds())
result = {"end": end.isoformat(), "days": (date(2026, 3, 1) - date(2026, 2, 1)).days, "weekday": end.strftime("%A")}
