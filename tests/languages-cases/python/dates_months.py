import calendar
from datetime import date

def add_months(day, months):
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))

[add_months(date(2026, 1, 31), n).isoformat() for n in (1, 2, 13, -2, -14)]
