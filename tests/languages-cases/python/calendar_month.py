import calendar
result = [calendar.monthrange(2028, 2), calendar.isleap(2026), calendar.month_name[5]]
