import json
from itertools import count, takewhile

store = {}


def cached(user):
    key = json.dumps({"tool": "purchases.find", "user": user}, sort_keys=True)
    if key not in store:
        try:
            store[key] = ("ok", purchases.find(user_id=user))
        except ToolError as error:
            store[key] = ("error", error.kind)
    return store[key]


def pages(users, size):
    for start in takewhile(lambda n: n < len(users), count(0, size)):
        yield users[start:start + size]


report = []
for number, page in enumerate(pages(["user_123", "a", None, "user_789", "user_123"], 2), 1):
    states = [cached(user) for user in page]
    report.append({"page": number, "found": sum(kind == "ok" and value is not None for kind, value in states), "errors": [value for kind, value in states if kind == "error"]})
    print(json.dumps(report[-1]))
{"calls": len(store), "found": sum(page["found"] for page in report)}
