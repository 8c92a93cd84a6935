import contextlib
import os
import pathlib
import shelve
import sqlite3

mark = pathlib.Path("/tmp/agent-mark")
mark.touch()
print(mark.exists(), mark.stat().st_size)
mark.unlink()
with contextlib.closing(sqlite3.connect("/tmp/agent-notes.db")) as db, db:
    db.execute("create table note(text)")
    db.executemany("insert into note values (?)", [("a",), ("b",)])
with contextlib.closing(sqlite3.connect("file:/tmp/agent-notes.db?mode=ro", uri=True)) as db:
    count = db.execute("select count(*) from note").fetchone()[0]
    try:
        db.execute("delete from note")
    except sqlite3.OperationalError as error:
        print(error)
os.remove("/tmp/agent-notes.db")
with shelve.open("/tmp/agent-shelf", writeback=True) as shelf:
    shelf["rows"] = []
    shelf["rows"].append({"n": 1})
with shelve.open("/tmp/agent-shelf", "r") as shelf:
    rows = dict(shelf)
for path in pathlib.Path("/tmp").glob("agent-*"):
    path.unlink()
handle = os.open("/tmp/agent-low", os.O_CREAT | os.O_RDWR)
os.write(handle, b"low level")
os.lseek(handle, 4, os.SEEK_SET)
low = os.read(handle, 5).decode()
os.close(handle)
os.unlink("/tmp/agent-low")
[count, rows, low, os.path.exists("/tmp/agent-low")]
