items = iter([])
next(items)
