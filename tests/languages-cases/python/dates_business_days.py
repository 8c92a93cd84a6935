from datetime import date, timedelta
holidays = {date(2026, 12, 25)}

def add_days(day, count):
    while count > 0:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            count -= 1
    return day

[add_days(date(2026, 12, 23), 3).isoformat(), add_days(date(2026, 2, 27), 1).isoformat()]
