from datetime import date, timedelta
booked = [(date(2026, 5, 1), date(2026, 5, 4)), (date(2026, 5, 3), date(2026, 5, 6)), (date(2026, 5, 9), date(2026, 5, 10))]
merged = []
for begin, end in sorted(booked):
    if merged and begin <= merged[-1][1] + timedelta(days=1):
        merged[-1][1] = max(merged[-1][1], end)
    else:
        merged.append([begin, end])
[[[begin.isoformat(), end.isoformat()] for begin, end in merged], sum((end - begin).days + 1 for begin, end in merged)]
