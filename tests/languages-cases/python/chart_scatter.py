import chart
from decimal import Decimal
svg = chart.scatter([0.5, 1.5, 2.5], [Decimal("1.1"), Decimal("2.2"), float("inf")])
[line for line in svg.splitlines() if line.startswith("<circle")] + [svg.splitlines()[-2].partition(">")[2]]
