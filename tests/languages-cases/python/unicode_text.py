import unicodedata
s = "Crème Brûlée"
result = ["".join(c for c in unicodedata.normalize("NFD", s) if not unicodedata.combining(c)), len("👩‍👩‍👧"), "ß".upper(), sorted(["ä", "z", "a"])]
