from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice, takewhile
import calendar


def monthly(start: date, day: int) -> Iterator[date]:
    year, month = start.year, start.month
    while True:
        last = calendar.monthrange(year, month)[1]
        found = date(year, month, min(day, last))
        if found >= start:
            yield found
        month += 1
        if month > 12:
            year, month = year + 1, 1


def nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    days = [day for week in calendar.monthcalendar(year, month) if (day := week[weekday])]
    return date(year, month, days[n])


def easter(year):
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


print([f"{day:%d.%m.}" for day in islice(monthly(date(2024, 1, 31), 31), 4)])
print(len(list(takewhile(lambda day: day.year < 2026, monthly(date(2025, 3, 15), 14)))))
thanksgiving = nth_weekday(2025, 11, calendar.THURSDAY, 3)
last_friday = nth_weekday(2025, 2, calendar.FRIDAY, -1)
print(thanksgiving, last_friday, calendar.day_name[thanksgiving.weekday()], calendar.isleap(2100))
[str(easter(year)) for year in (2024, 2025, 2026)] + [str(easter(2026) + timedelta(49))]
