import json
try:
    json.loads('{"a": }')
except json.JSONDecodeError as e:
    result = {"line": e.lineno, "col": e.colno, "text": str(e)}
