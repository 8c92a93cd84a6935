log = []
def source():
    for n in range(5):
        log.append(f"made {n}")
        yield n
squares = (n * n for n in source() if n % 2 == 0)
log.append("nothing yet")
print(next(squares), log)
any(n > 3 for n in squares)
print(log, list(squares), list(squares))
first = next((x for x in (log.append("look") or n for n in range(3)) if x), "none")
print(first, log.count("look"), sum(1 for _ in (x for x in "abc")), max((len(w) for w in ["a", "bbb"]), default=0), all(x for x in []), ",".join(str(x) for x in range(3)))
