from datetime import date, timedelta
from itertools import pairwise

readings = {date(2025, 2, 26): 10.0, date(2025, 2, 27): 12.0, date(2025, 3, 2): 18.0, date(2025, 3, 3): None, date(2025, 3, 4): 20.0}
known = sorted((day, value) for day, value in readings.items() if value is not None)
filled = {}
for (start, a), (end, b) in pairwise(known):
    days = (end - start).days
    for step in range(days):
        filled[start + timedelta(step)] = round(a + (b - a) * step / days, 3)
last_day, last = known[-1]
filled[last_day] = last
for day, value in filled.items():
    origin = "measured" if readings.get(day) is not None else "interpolated"
    print(f"{day:%d %b} {value:>7.3f} {origin}")
gaps = [(start.isoformat(), (end - start).days - 1) for (start, _), (end, _) in pairwise(known) if (end - start).days > 1]
gaps
