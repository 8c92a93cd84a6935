import statistics
values = [10, 12, 11, 13, 12, 95, 11, 10, -40, 12]
q1, _, q3 = statistics.quantiles(values, n=4)
spread = q3 - q1
kept = [value for value in values if q1 - 1.5 * spread <= value <= q3 + 1.5 * spread]
[q1, q3, kept, statistics.mean(kept), statistics.median(kept)]
