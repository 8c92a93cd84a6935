import zoneinfo
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

for name in ("Europe/Prague", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "Australia/Lord_Howe", "Africa/Casablanca", "Etc/GMT+5"):
    moment = datetime(2024, 7, 1, 12, tzinfo=timezone.utc).astimezone(ZoneInfo(name))
    print(name, moment.isoformat(), moment.tzname())
gap = datetime(2024, 3, 31, 2, 30, tzinfo=ZoneInfo("Europe/Prague"))
print(gap.utcoffset(), gap.replace(fold=1).utcoffset(), (gap + timedelta(days=210)).utcoffset())
names = zoneinfo.available_timezones()
print(len(names) > 500, "Europe/Prague" in names, "posixrules" in names)
try:
    ZoneInfo("Europe/Nowhere")
except zoneinfo.ZoneInfoNotFoundError as error:
    print(error)
ZoneInfo("Europe/Prague").key
