import copy
import json


def merge(target, patch):
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def pointer(document, path):
    for part in path.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def flat(value, path=""):
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from flat(one, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            yield from flat(one, f"{path}/{index}")
    else:
        yield path, value


def changes(before, after):
    old, new = dict(flat(before)), dict(flat(after))
    for path in sorted(old.keys() | new.keys()):
        match path in old, path in new:
            case True, False:
                yield f"- {path} {json.dumps(old[path])}"
            case False, True:
                yield f"+ {path} {json.dumps(new[path])}"
            case _ if old[path] != new[path]:
                yield f"~ {path} {json.dumps(old[path])} -> {json.dumps(new[path])}"


before = {"title": "Hi", "author": {"given": "A", "family": "B"}, "tags": ["x", "y"], "a/b": {"m~n": 1}, "empty": {}}
after = merge(before, {"title": "Hello", "phone": "1", "author": {"family": None}, "tags": ["x"], "new": {"deep": {"er": None, "est": 2}}})
print(*changes(before, after), sep="\n")
print(json.dumps(after, sort_keys=True))
errors = []
for path in ("/a~1b/m~0n", "/tags/0", "/tags/5", "/nope", "/title/x", ""):
    try:
        errors.append(pointer(before, path) if path else len(pointer(before, path)))
    except (LookupError, TypeError) as error:
        errors.append(type(error).__name__)
errors
