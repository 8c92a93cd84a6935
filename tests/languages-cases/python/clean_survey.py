from collections import Counter, defaultdict

answers = [
    {"id": 1, "age": "25-34", "likes": "tea; coffee", "score": "8"},
    {"id": 2, "age": "35-44", "likes": "Coffee", "score": "ten"},
    {"id": 3, "age": "25-34", "likes": "", "score": "6/10"},
    {"id": 2, "age": "35-44", "likes": "Coffee;TEA", "score": "10"},
    {"id": 4, "age": "n/a", "likes": "water ;coffee; coffee", "score": None},
]
WORDS = {"ten": 10, "nine": 9}


def score(raw):
    match raw:
        case None | "":
            return None
        case str() if raw in WORDS:
            return WORDS[raw]
        case str() if "/" in raw:
            got, of = map(int, raw.split("/"))
            return got * 10 // of
        case str() if raw.isdecimal():
            return int(raw)
        case _:
            raise ValueError(raw)


latest = {}
for answer in answers:
    latest[answer["id"]] = answer
likes, by_age = Counter(), defaultdict(list)
for answer in latest.values():
    likes.update({one.strip().lower() for one in answer["likes"].split(";")} - {""})
    if (value := score(answer["score"])) is not None:
        by_age[answer["age"]].append(value)
print(likes.most_common())
promoters = sum(value >= 9 for values in by_age.values() for value in values)
{"by_age": {age: sum(values) / len(values) for age, values in sorted(by_age.items())}, "promoters": promoters}
