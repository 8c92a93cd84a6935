import sqlite3
database = sqlite3.connect(':memory:')
database.execute('CREATE TABLE t AS SELECT zeroblob(1 << 20) AS b')
while True:
    database.execute('INSERT INTO t SELECT * FROM t')
