from datetime import datetime
stamps = ["2026-05-01T10:00:00", "2026-04-30T09:30:00"]
parsed = sorted(datetime.fromisoformat(s) for s in stamps)
result = [d.strftime("%d %b %Y") for d in parsed] + [datetime.strptime("03/04/2026", "%d/%m/%Y").date().isoformat()]
