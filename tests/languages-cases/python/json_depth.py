import codecs
import json

try:
    json.loads("[" * 100000)
except RecursionError:
    print("too deep")
print(len(json.loads(json.dumps([{"a": "]["}] * 3000))))
deep = json.loads("[" * 100 + "]" * 100)
depth = 0
while deep:
    depth, deep = depth + 1, deep[0]
depth
