import difflib
import unicodedata

catalog = ["Apple iPhone 15 Pro", "Samsung Galaxy S24", "Google Pixel 8a", "Sony WH-1000XM5", "Nokia 3310"]
typed = ["iphone 15pro", "galaxy s 24", "pixel8a", "Sóny WH1000 XM5", "blackberry"]


def normal(text):
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain.lower() if char.isalnum())


index = {normal(name): name for name in catalog}


def match(text, threshold=0.6):
    key = normal(text)
    for candidate in index:
        if key in candidate:
            return index[candidate], 1.0
    scored = [(difflib.SequenceMatcher(None, key, candidate).ratio(), candidate) for candidate in index]
    score, best = max(scored)
    return (index[best], round(score, 2)) if score >= threshold else (None, round(score, 2))


for text in typed:
    name, score = match(text)
    print(f"{text:<18} -> {name or '?':<22} {score:.2f}")
difflib.get_close_matches("galxy", ["galaxy", "gallery", "pixel"], n=2)
