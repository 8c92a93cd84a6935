from contextlib import contextmanager
log = []
@contextmanager
def step(name):
    log.append(f"begin {name}")
    try:
        yield name.upper()
    finally:
        log.append(f"end {name}")
with step("load") as n:
    log.append(n)
result = log
