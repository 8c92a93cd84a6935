from operator import attrgetter, itemgetter, methodcaller
from itertools import groupby
from types import SimpleNamespace


class Query:
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        yield from self.rows

    def where(self, **conditions):
        tests = {"": lambda a, b: a == b, "gt": lambda a, b: a > b, "in": lambda a, b: a in b, "like": lambda a, b: b.lower() in a.lower()}

        def fits(row):
            for key, wanted in conditions.items():
                name, _, test = key.partition("__")
                if not tests[test](row[name], wanted):
                    return False
            return True

        return Query(row for row in self if fits(row))

    def order(self, *names):
        rows = list(self)
        for name in reversed(names):
            rows.sort(key=itemgetter(name.lstrip("-")), reverse=name.startswith("-"))
        return Query(rows)

    def select(self, *names, **computed):
        return Query({**{name: row[name] for name in names}, **{name: make(row) for name, make in computed.items()}} for row in self)

    def group(self, name, **folds):
        for key, rows in groupby(self.order(name), key=itemgetter(name)):
            rows = list(rows)
            yield {name: key, **{fold: function(rows) for fold, function in folds.items()}}


people = [{"name": "Ann", "team": "red", "age": 31}, {"name": "Bob", "team": "blue", "age": 25}, {"name": "Cid", "team": "red", "age": 25}, {"name": "Dan", "team": "green", "age": 44}]
query = Query(people)
print([row["name"] for row in query.where(age__gt=25, team__in=["red", "green"])], [row["name"] for row in query.order("age", "-name")])
print(list(query.where(name__like="N").select("name", initial=lambda row: row["name"][0])))
for row in query.group("team", n=len, oldest=lambda rows: max(map(itemgetter("age"), rows)), names=lambda rows: ", ".join(sorted(map(itemgetter("name"), rows)))):
    print(row)
objects = [SimpleNamespace(pos=SimpleNamespace(x=x), text=text) for x, text in ((2, " b"), (1, "a "))]
[sorted(map(attrgetter("pos.x"), objects)), list(map(methodcaller("strip"), map(attrgetter("text"), objects))), itemgetter(0, -1)("stockade"), itemgetter(slice(2))([1, 2, 3])]
