from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter

tasks = {"design": (3, []), "build": (5, ["design"]), "docs": (2, ["design"]), "test": (2, ["build"]), "ship": (1, ["test", "docs"])}
start = date(2025, 12, 29)
holidays = {date(2026, 1, 1)}


def workday(day):
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(1)
    return day


def after(day, length):
    day = workday(day)
    for _ in range(length - 1):
        day = workday(day + timedelta(1))
    return day


ends = {}
plan = []
for name in TopologicalSorter({name: needs for name, (_, needs) in tasks.items()}).static_order():
    length, needs = tasks[name]
    begins = workday(max((ends[need] + timedelta(1) for need in needs), default=start))
    ends[name] = after(begins, length)
    plan.append((begins, name))
for begins, name in sorted(plan):
    bar = " " * (begins - start).days + "#" * ((ends[name] - begins).days + 1)
    print(f"{name:<7}|{bar}")
try:
    list(TopologicalSorter({"a": ["b"], "b": ["a"]}).static_order())
except CycleError as error:
    print(error.args[0], len(error.args[1]))
ends["ship"].isoformat()
