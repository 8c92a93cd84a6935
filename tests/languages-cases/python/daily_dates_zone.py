from datetime import datetime, timedelta, timezone, date, time
from zoneinfo import ZoneInfo
ny, berlin, kolkata = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
for t in (datetime(2024, 3, 10, 1, 30), datetime(2024, 3, 10, 2, 30), datetime(2024, 11, 3, 1, 30)):
    a = t.replace(tzinfo=ny)
    print(a, a.utcoffset(), a.tzname(), a.dst(), a.replace(fold=1).isoformat(), a.astimezone(berlin), a.astimezone(kolkata).strftime("%d %b %H:%M %z %Z"))
start = datetime(2024, 3, 30, 12, tzinfo=berlin)
print(start + timedelta(days=1), (start.astimezone(timezone.utc) + timedelta(days=1)).astimezone(berlin))
print(datetime(2024, 7, 1, tzinfo=berlin) - datetime(2024, 1, 1, tzinfo=ny), datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))))
print(datetime.fromisoformat("2024-02-29T12:34:56.789+05:30"), datetime.fromisoformat("20240229T123456Z"), date.fromisoformat("2024-W09-4"))
for text, form in (("29/Feb/2024:10:00:01 +0200", "%d/%b/%Y:%H:%M:%S %z"), ("Tue, 5 Mar 24 1:02 PM", "%a, %d %b %y %I:%M %p"), ("2024-060", "%Y-%j"), ("x", "%Y")):
    try:
        print(datetime.strptime(text, form))
    except ValueError as error:
        print(error)
print(date(2024, 12, 30).isocalendar(), date.fromisocalendar(2025, 1, 1), date.max, datetime.min)
print(timedelta(days=-1, seconds=5), repr(timedelta(weeks=1, milliseconds=1)), timedelta(hours=36) / timedelta(hours=5), divmod(timedelta(days=1), timedelta(hours=7)))
for bad in (lambda: datetime(2024, 1, 1) - datetime(2024, 1, 1, tzinfo=ny), lambda: date.max + timedelta(1), lambda: ZoneInfo("Mars/Base"), lambda: datetime(2024, 1, 1) < date(2024, 1, 1)):
    try:
        print(bad())
    except Exception as error:
        print(type(error).__name__, error)
print(f"{datetime(2024, 5, 6, 7, 8, 9):%A %-d %B %Y, %H:%M:%S}", time(1, 2, tzinfo=timezone.utc).isoformat("milliseconds"))
datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp(), datetime.fromtimestamp(0, timezone.utc).isoformat(), datetime(2024,1,1).ctime()
