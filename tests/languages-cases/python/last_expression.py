values = [1, 2, 3]
total = sum(values)
{"total": total, "mean": total / len(values)}
