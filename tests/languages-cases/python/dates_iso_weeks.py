from datetime import date
days = [date(2026, 1, 1), date(2027, 1, 3), date(2020, 12, 31)]
weeks = ["{0}-W{1:02}-{2}".format(*day.isocalendar()) for day in days]
[weeks, date.fromisocalendar(2026, 53, 7).isoformat(), date(2026, 12, 31).timetuple().tm_yday]
