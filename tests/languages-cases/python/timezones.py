from datetime import datetime, timezone
from zoneinfo import ZoneInfo
t = datetime(2026, 7, 1, 12, 0, tzinfo=timezone.utc)
result = [t.astimezone(ZoneInfo(z)).isoformat() for z in ("America/New_York", "Asia/Tokyo", "Europe/Berlin")]
