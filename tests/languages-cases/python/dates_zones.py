from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo
prague, york = ZoneInfo("Europe/Prague"), ZoneInfo("America/New_York")
meeting = datetime(2026, 3, 29, 1, 30, tzinfo=prague)
later = (meeting.astimezone(timezone.utc) + timedelta(hours=1)).astimezone(prague)
ambiguous = [datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=prague).utcoffset().total_seconds() for fold in (0, 1)]
[meeting.astimezone(york).isoformat(), later.isoformat(), ambiguous, later.tzname()]
