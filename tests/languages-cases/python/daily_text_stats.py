import re, collections, string
text = """It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness -- it was the epoch of belief; naïve café-goers said "so!"."""
words = re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", text.lower())
freq = collections.Counter(words)
print(len(words), freq.most_common(5), sorted({w for w in words if len(w) > 6}))
print({k: len(list(v)) for k, v in __import__("itertools").groupby(sorted(words, key=len), key=len)})
sents = [s.strip() for s in re.split(r"[.;!?]\s*|--", text) if s.strip(' "\n')]
print(len(sents), max(sents, key=len)[:20], text.count("\n"), sum(c in string.punctuation for c in text), text.translate(str.maketrans("", "", string.punctuation))[:30])
bigrams = collections.Counter(zip(words, words[1:])); print(bigrams.most_common(2))
rot = str.maketrans(string.ascii_lowercase, string.ascii_lowercase[13:] + string.ascii_lowercase[:13]); "hello".translate(rot), " ".join(w.capitalize() for w in words[:4]), "".join(sorted(set("mississippi"), key="mississippi".index))
