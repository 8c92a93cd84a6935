import unicodedata

def slug(text):
    text = unicodedata.normalize("NFKD", text)
    text = "".join(one for one in text if not unicodedata.combining(one)).lower()
    words = "".join(one if one.isalnum() else " " for one in text).split()
    return "-".join(words)

[slug(text) for text in ["Crème Brûlée!", "  Ångström & Co. ", "naïve café — 2nd", "ﬁne"]]
