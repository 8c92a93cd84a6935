import time, datetime as d, calendar
print(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(0)), time.gmtime(86400 * 365.25 * 30)[:6], time.mktime((2024, 1, 1, 0, 0, 0, 0, 0, 0)), time.strptime("3 Feb 2024", "%d %b %Y")[:8], time.tzname, time.timezone, time.daylight, time.localtime(0).tm_hour, time.asctime(time.gmtime(0)), time.ctime(0), time.struct_time((2024, 1, 2, 3, 4, 5, 1, 2, 0)).tm_yday)
for f in "aAbBcdfHIjmMpSUwWxXyYzZ%GuVDFTRrnteIlksPCh":
    print(f, repr(d.datetime(2024, 3, 5, 14, 7, 9, 1234).strftime("%" + f)) if f not in "s" else "", end=" ")
print(); print(d.datetime(2024, 3, 5).strftime("%-d/%-m %e %^a %_d %03d é 日"), d.date(2024, 3, 5).strftime(""), d.time(5, 6).strftime("%I:%M %p"))
for t, f in (("2024-03-05T10:11:12.123456+0100", "%Y-%m-%dT%H:%M:%S.%f%z"), ("10:11 pm", "%I:%M %p"), ("5 March 2024", "%d %B %Y"), ("12/31/99", "%m/%d/%y"), ("2024 10 1", "%Y %W %w"), ("Mon Mar  4 2024", "%a %b %d %Y"), ("2024-13-01", "%Y-%m-%d"), ("2024-01-01x", "%Y-%m-%d"), ("a%b", "a%%b"), ("01", "%q"), ("1", "%"), ("2024-W10-1", "%G-W%V-%u"), ("UTC 5", "%Z %d")):
    try: print(d.datetime.strptime(t, f))
    except ValueError as e: print("ValueError", e)
n = d.datetime(2024, 1, 31, 10); print(n.replace(day=1), (n.replace(day=28) + d.timedelta(4)).replace(day=1), n.weekday(), n.isoweekday(), n.timetuple()[:9], n.toordinal(), d.datetime.fromordinal(738000), n.isoformat(" ", "minutes"), n.date(), n.time(), d.datetime.combine(n.date(), d.time(5)), repr(n), str(n), n.timestamp() == calendar.timegm(n.timetuple()), n.strftime("%s") if False else "", d.datetime.utcfromtimestamp(0) if False else "", d.date.today().year >= 2024, n.astimezone(d.timezone.utc).isoformat())
td = d.timedelta(days=2, hours=-5, microseconds=7); print(td, repr(td), td.total_seconds(), td.days, td.seconds, abs(-td), td * 1.5, td // 2, td % d.timedelta(hours=1), -td, d.timedelta(minutes=90) // d.timedelta(hours=1), d.timedelta.max, sum([td, td], d.timedelta()), str(d.timedelta(0)), bool(d.timedelta(0)), d.timedelta(seconds=0.1234567))
print(d.timezone.utc, d.timezone(d.timedelta(hours=-3, minutes=-30), "NST"), d.datetime(2024, 1, 1, tzinfo=d.timezone(d.timedelta(hours=-3))).isoformat(), d.UTC, d.MINYEAR, d.datetime.max, d.date(2024, 2, 29).replace(year=2023) if False else "")
for bad in (lambda: d.timedelta(days=10**10), lambda: d.date("2024"), lambda: d.date(2024, 1, 1) + 1, lambda: d.datetime.fromtimestamp(1e20), lambda: d.date.fromisoformat("2024-1-1"), lambda: d.datetime.fromisoformat("yesterday"), lambda: d.datetime.now() - d.datetime.now(d.UTC)):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
