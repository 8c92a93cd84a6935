import json
data = json.loads('{"b": [1, 2.5, null, true], "a": {"x": "é"}}')
data["n"] = len(data["b"])
print(json.dumps(data, sort_keys=True))
print(json.dumps({"k": [1, 2]}, indent=2))
result = data
