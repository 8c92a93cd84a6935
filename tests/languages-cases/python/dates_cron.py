from datetime import datetime, timedelta

def matches(field, value):
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        values = range(0, 60) if span == "*" else range(int(low), int(high or low) + 1)
        if value in values and (value - values[0]) % int(step or 1) == 0:
            return True
    return False

def upcoming(minute, hour, at, count):
    found = []
    while len(found) < count:
        at += timedelta(minutes=1)
        if matches(minute, at.minute) and matches(hour, at.hour):
            found.append(at.strftime("%d %H:%M"))
    return found

[upcoming("*/20", "9-17", datetime(2026, 1, 1, 17, 30), 3), upcoming("0,30", "0", datetime(2026, 1, 31, 23, 59), 2)]
