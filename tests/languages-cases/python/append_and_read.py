import os
from pathlib import Path

with open("log.txt", "a+") as log:
    log.write("one\n")
    log.flush()
    log.seek(0)
    print(log.readlines(), log.mode)
    log.seek(0)
    log.write("two\n")
    log.seek(0)
    print(log.read().splitlines(), log.tell())
with open("log.txt", "ab+") as log:
    print(log.tell(), log.seek(2), log.read(3), log.write(b"three\n"), log.tell())
with open("log.txt", "a+b", buffering=0) as log:
    print(log.seek(0), log.tell(), log.read(4), log.tell())
with Path("log.txt").open("a+", encoding="utf-8", newline="") as log:
    log.write("é")
    log.seek(0)
    print(repr(log.read()))
with Path("new.txt").open("a+") as new:
    print(new.read(), new.tell())
try:
    open("log.txt", "a+", buffering=0)
except ValueError as error:
    print(error)
os.remove("log.txt")
os.remove("new.txt")
