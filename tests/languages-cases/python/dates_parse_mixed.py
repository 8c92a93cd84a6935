from datetime import datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime

FORMATS = ["%Y-%m-%d %H:%M", "%d/%m/%Y", "%b %d, %Y", "%d %B %Y %I:%M %p", "%Y%m%dT%H%M%SZ", "%A, %d %b %y"]
texts = ["2024-02-29 08:30", "31/12/1999", "Jul 04, 2026", "1 March 2021 11:05 PM", "20230615T101500Z", "Monday, 05 Jan 26",
         "Tue, 15 Nov 1994 12:45:26 +0200", "2024-05-06T07:08:09.123456+05:30", "yesterday"]


def parse(text):
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for pattern in FORMATS:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None


out = []
for text in texts:
    moment = parse(text)
    if moment and moment.tzinfo:
        moment = moment.astimezone(timezone.utc)
    out.append(moment.isoformat() if moment else None)
    print(f"{text[:24]:<24} {moment:%j %U %a}" if moment else f"{text[:24]:<24} ?")
print(format_datetime(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), usegmt=True))
out
