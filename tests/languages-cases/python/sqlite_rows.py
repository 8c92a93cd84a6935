import sqlite3
db = sqlite3.connect(":memory:")
db.row_factory = sqlite3.Row
with db:
    db.execute("CREATE TABLE t (k TEXT UNIQUE, v REAL)")
    db.execute("INSERT INTO t VALUES ('a', 1.5)")
try:
    with db:
        db.execute("INSERT INTO t VALUES ('b', 2)")
        db.execute("INSERT INTO t VALUES ('a', 3)")
except sqlite3.IntegrityError as e:
    print(e)
result = [dict(r) for r in db.execute("SELECT * FROM t")]
