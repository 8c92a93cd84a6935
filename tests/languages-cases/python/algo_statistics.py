import statistics as s
x, y = [1, 2, 3, 4, 5], [2.1, 3.9, 6.2, 7.8, 10.1]
line = s.linear_regression(x, y)
[round(line.slope, 4), round(line.intercept, 4), round(s.correlation(x, y), 5), s.mode([1, 2, 2]), s.multimode("aabbc"), round(s.stdev(x), 6),
 s.pvariance(x), s.median_low([1, 2, 3, 4]), s.harmonic_mean([40, 60]), s.fmean(y), round(s.NormalDist(0, 1).cdf(1.96), 4)]
