import json, decimal, datetime, enum
class Color(enum.IntEnum):
    RED = 1
class E(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, (set, frozenset)):
            return sorted(o)
        if isinstance(o, datetime.date):
            return {"$date": o.isoformat()}
        return super().default(o)
print(json.dumps({"a": {3, 1}, "d": datetime.date(2024, 5, 6), 1: None, True: 2, None: 3, 1.5: Color.RED}, cls=E))
for bad in ("{'a': 1}", '{"a": 1,}', "[1, 2", '"\x01"', "", "nul", '{"a" 1}', "[1] x", '{"a":"\\u12"}', "01", "-", "1e", "[NaN]"):
    try:
        print(repr(json.loads(bad)))
    except json.JSONDecodeError as error:
        print(repr(bad), error, error.lineno, error.colno, error.pos)
print(json.loads("[1.10, 1e400, -0, 12345678901234567890]", parse_float=decimal.Decimal))
print(json.dumps([1e16, 1e-7, 0.1 + 0.2, -0.0, 1e22, float("inf"), 123456789.123456789]))
print(json.dumps({"é": "\u2028 \U0001f600 \x7f"}), json.dumps("é\U0001f600", ensure_ascii=False))
print(json.dumps({"b": [1, {"c": []}], "a": {}}, indent=2, sort_keys=True, separators=(",", ": ")))
print(json.dumps([[], {}, [[]]], indent="\t"))
try:
    json.dumps({(1, 2): 3})
except TypeError as error:
    print(error)
try:
    json.dumps({"x": object})
except TypeError as error:
    print(error)
a = []; a.append(a)
try:
    json.dumps(a)
except ValueError as error:
    print(error)
print(json.loads('{"a":1,"a":2}', object_pairs_hook=list), json.dumps({(1,): 2, "k": 1}, skipkeys=True))
