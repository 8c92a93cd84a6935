from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple


class Lower(UserDict):
    def __setitem__(self, key, value):
        super().__setitem__(key.lower(), value)

    def __getitem__(self, key):
        return super().__getitem__(key.lower())

    def __contains__(self, key):
        return super().__contains__(key.lower())


headers = Lower({"Content-Type": "text/html"}, ACCEPT="*/*")
headers.update({"X-Id": 1})
settings = ChainMap({"debug": True}, {"debug": False, "port": 80}, {"host": "h"})
child = settings.new_child({"port": 81})
child["host"] = "local"
a, b = Counter("abracadabra"), Counter("alakazam")
print(dict(headers), "ACCEPT" in headers, headers.get("x-ID"), sorted(settings.items()), child["port"], settings["host"])
print((a & b).most_common(2), (a - b).total(), a + Counter(z=-3), +Counter(x=0, y=1), a.subtract("aaa"), a["a"])
window = deque(maxlen=3)
for n in range(5):
    window.append(n)
window.rotate(1)
window.extendleft([9])
tree = lambda: defaultdict(tree)
root = tree()
root["a"]["b"]["c"] = 1
Point = namedtuple("Point", "x y label", defaults=["none"])
point = Point(1, 2)._replace(y=5)
order = OrderedDict.fromkeys("cab")
order.move_to_end("c")
print(window, list(root["a"]), "z" in root, point, point._asdict(), Point._fields, list(order), order == OrderedDict.fromkeys("bac"))
try:
    namedtuple("Bad", "class x x")
except ValueError as error:
    print(error)
[list(UserList([3, 1]) + [2]), {**child}["debug"], list(reversed({"p": 1, "q": 2})), Point._make("abc").label, dict(Counter(a=3, b=1) | Counter(a=1, b=4))]
