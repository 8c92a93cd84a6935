from collections import Counter
counts = Counter(len(word) for word in "the quick brown fox jumps over the lazy dog again and again".split())
for length in range(min(counts), max(counts) + 1):
    print(f"{length:>2} {'#' * counts[length]}")
counts.most_common(2)
