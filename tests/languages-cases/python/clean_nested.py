def flat(value, path=""):
    if isinstance(value, dict):
        found = {}
        for key, one in value.items():
            found.update(flat(one, f"{path}.{key}" if path else key))
        return found
    if isinstance(value, list):
        found = {}
        for index, one in enumerate(value):
            found.update(flat(one, f"{path}[{index}]"))
        return found
    return {path: value}

flat({"a": {"b": [1, {"c": None}], "d": {}}, "e": "x", "f": [[True]]})
