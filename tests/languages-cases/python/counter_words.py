from collections import Counter
text = "the cat and the dog and the bird"
result = Counter(text.split()).most_common(2)
