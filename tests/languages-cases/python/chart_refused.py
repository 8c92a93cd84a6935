import chart
told = []
for draw in (lambda: chart.bar(["a"], [1, 2]), lambda: chart.pie(["a"], [-1]), lambda: chart.line(range(20_000), range(20_000))):
    try:
        draw()
    except ValueError as error:
        told.append(str(error))
told
