from collections import Counter, defaultdict
import math
import re

documents = {"d1": "The quick brown fox jumps over the lazy dog", "d2": "A lazy afternoon with a lazy cat",
             "d3": "Foxes are quick; dogs are loyal", "d4": "Cats and dogs"}
STOP = {"the", "a", "are", "and", "with", "over"}


def stem(word):
    for ending in ("es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def words(text):
    return [stem(word) for word in re.findall(r"[a-z]+", text.lower()) if word not in STOP]


index = defaultdict(Counter)
for name, text in documents.items():
    for word in words(text):
        index[word][name] += 1
lengths = {name: len(words(text)) for name, text in documents.items()}


def search(query):
    scores = Counter()
    for word in words(query):
        found = index.get(word, {})
        for name, n in found.items():
            scores[name] += n / lengths[name] * math.log(1 + len(documents) / len(found))
    return [(name, round(score, 4)) for name, score in sorted(scores.items(), key=lambda one: (-one[1], one[0]))]


for query in ("lazy cats", "quick fox", "bird"):
    print(query, search(query))
len(index)
