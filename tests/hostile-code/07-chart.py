import chart
chart.line(range(10**9), range(10**9))
