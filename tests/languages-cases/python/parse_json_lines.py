import json
text = '{"a": 1}\n\n{"a": 2.50, "b": "\\u00e9"}\n{bad}\n[3]\n'
good, bad = [], []
for number, line in enumerate(text.splitlines(), 1):
    if not line.strip():
        continue
    try:
        good.append(json.loads(line))
    except json.JSONDecodeError as error:
        bad.append([number, error.pos])
[good, bad, json.dumps(good[1], ensure_ascii=False, separators=(",", ":"), sort_keys=True)]
