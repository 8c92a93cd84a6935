import chart
svg = chart.line([1, 2, 3, 4], [10, None, 30, 25.5], x_label="day")
[line for line in svg.splitlines() if line.startswith("<path")]
