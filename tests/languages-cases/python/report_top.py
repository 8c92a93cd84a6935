sales = {"Ann": [5, 7], "Bob": [12], "Cid": [], "Dee": [4, 4, 4]}
ranked = sorted(sales, key=lambda name: (-sum(sales[name]), name))
for place, name in enumerate(ranked, 1):
    print(f"{place}. {name}: {sum(sales[name])} in {len(sales[name])} sale{'' if len(sales[name]) == 1 else 's'}")
ranked[:3]
