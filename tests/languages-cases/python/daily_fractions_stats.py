from fractions import Fraction as F
import statistics as s, math
print(F("0.125"), F(0.1), F(0.1).limit_denominator(100), F(3, -6), F(7, 2) // 1, F(1, 3) ** -2, F(1, 2) ** 0.5, float(F(1, 3)), f"{F(1, 3):.3f}", round(F(5, 2)), math.floor(F(-1, 2)), F("3/4") + 1.0, F(1, 2) == 0.5)
data = [2.5, 3.25, 5.5, 11.25, 11.75, 9, 1]
print(s.mean(data), s.median(data), s.stdev(data), s.pvariance(data), s.quantiles(data, n=4), s.fmean(data, weights=range(1, 8)), s.harmonic_mean([40, 60]), s.geometric_mean([54, 24, 36]))
print(s.mode("aabbb"), s.multimode("aabb"), s.median_low([1, 2, 3, 4]), s.median_grouped([1, 2, 2, 3]), s.correlation([1, 2, 3, 4], [2, 4, 6, 9]), s.linear_regression([1, 2, 3], [2, 4.5, 5]), s.covariance([1, 2, 3], [3, 2, 1]))
print(s.mean([F(1, 2), F(1, 3)]), s.NormalDist(100, 15).cdf(130), s.NormalDist.from_samples([1, 2, 3]), s.NormalDist(0, 1).inv_cdf(0.975), s.kde([1, 2, 3], h=1)(2))
for bad in (lambda: s.mean([]), lambda: s.stdev([1]), lambda: F(1, 0), lambda: F("x"), lambda: s.mode([])):
    try:
        print(bad())
    except Exception as e:
        print(type(e).__name__, e)
math.comb(50, 25), math.perm(10, 3), math.isqrt(10**30), math.gcd(12, 18, 8), math.lcm(4, 6), math.dist((0, 0), (3, 4)), math.hypot(1, 2, 3), math.prod([1, 2, 3, 4.5]), math.fsum([0.1] * 10), math.nextafter(1, 2), math.ulp(1.0), math.exp2(0.5), math.log1p(1e-10), math.erf(0.5), math.gamma(5.5), math.lgamma(100), math.remainder(10, 3), math.fma(2, 3, 4), math.sumprod([1, 2], [3, 4])
