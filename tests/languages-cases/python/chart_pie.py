import chart
svg = chart.pie(["rent", "food", "rest"], [700, 200, 100], title="Spend")
[line.partition("<title>")[2].partition("</title>")[0] for line in svg.splitlines() if "<title>" in line]
