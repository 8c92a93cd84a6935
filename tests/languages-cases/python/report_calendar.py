import calendar
print(calendar.month(2026, 2))
[calendar.isleap(2028), calendar.monthrange(2026, 2), calendar.day_name[calendar.weekday(2026, 12, 1)]]
