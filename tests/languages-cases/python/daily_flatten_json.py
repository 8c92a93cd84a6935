def flatten(value, prefix=""):
    if isinstance(value, dict):
        for k, v in value.items(): yield from flatten(v, f"{prefix}.{k}" if prefix else k)
    elif isinstance(value, list):
        for i, v in enumerate(value): yield from flatten(v, f"{prefix}[{i}]")
    else:
        yield prefix, value
def unflatten(pairs):
    out = {}
    for path, v in pairs:
        keys = path.replace("[", ".[").split("."); here = out
        for k in keys[:-1]: here = here.setdefault(k, {})
        here[keys[-1]] = v
    return out
doc = {"a": {"b": [1, {"c": None}]}, "d": "x", "e": {}}
[dict(flatten(doc)), unflatten(flatten({"a": {"b": 1}, "c": 2}))]
