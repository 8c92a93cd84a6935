import datetime

[datetime.date.today().isoformat(), datetime.datetime.now().year]
