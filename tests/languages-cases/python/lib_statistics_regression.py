import random
import statistics as st
from collections import Counter

random.seed(42)
heights = [round(random.gauss(170, 8), 1) for _ in range(200)]
weights = [round(h * 0.9 - 85 + random.uniform(-3, 3), 1) for h in heights]
slope, intercept = st.linear_regression(heights, weights)
print(f"weight = {slope:.3f} * height {intercept:+.2f}, r = {st.correlation(heights, weights):.4f}")
print([round(q, 2) for q in st.quantiles(heights, n=4)], round(st.stdev(heights), 3), round(st.pvariance(heights), 3), st.median_low(heights))
normal = st.NormalDist.from_samples(heights)
print(f"{normal.cdf(180):.4f} {normal.inv_cdf(0.9):.2f} {normal.overlap(st.NormalDist(175, 8)):.3f} {normal.zscore(190):.3f}")
buckets = Counter(int(h // 5 * 5) for h in heights)
for low in sorted(buckets):
    print(f"{low}-{low + 4} {'*' * (buckets[low] // 2)}")
picked = random.sample(range(100), 5), random.choices("abc", [1, 5, 1], k=6), random.randint(1, 6), random.shuffle(list(range(3)))
try:
    st.mean([])
except st.StatisticsError as error:
    print(error)
[picked, st.mode("aabbb"), st.multimode([1, 1, 2, 2]), st.geometric_mean([2, 8]), st.harmonic_mean([40, 60], weights=[1, 3]), st.fmean([1, 2, 4], [1, 1, 2])]
