import re
from collections.abc import Generator, Iterable
from itertools import islice


def numbered(text: str):
    yield from enumerate(text.splitlines(), 1)


def records(lines: Iterable):
    current = None
    for number, line in lines:
        if found := re.match(r"\[(.+)\]", line):
            if current:
                yield current
            current = {"name": found[1], "line": number, "values": []}
        elif current is not None and line.strip():
            current["values"].append(line.strip())
    if current:
        yield current


def average() -> Generator[float | None, float, str]:
    total = n = 0
    try:
        while True:
            value = yield (total / n if n else None)
            if value is None:
                return f"mean of {n}"
            total, n = total + value, n + 1
    finally:
        print("average ends")


def delegating(results):
    result = yield from average()
    results.append(result)
    yield "done"


TEXT = "ignored\n[a]\n1\n 2\n\n[b]\n[c]\nx"
for record in records(numbered(TEXT)):
    print(record)
results = []
running = delegating(results)
print([running.send(value) for value in (None, 10, 20, 60, None)], results)
stopped = average()
next(stopped)
try:
    stopped.throw(ValueError("stop"))
except ValueError as error:
    print("thrown", error)


def numbers():
    n = 0
    while True:
        jump = yield n
        n = jump if jump is not None else n + 1


source = numbers()
taken = list(islice(source, 3))
source.send(100)
evens = (n for n in source if n % 2 == 0)
[taken, list(islice(evens, 2)), source.close(), list(source), sum(n * n for n in range(10)), max((len(word), word) for word in "the longest word wins".split())]
