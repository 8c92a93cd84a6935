import sqlite3, datetime
db = sqlite3.connect(":memory:"); db.row_factory = sqlite3.Row
db.executescript("create table t(id integer primary key, name text unique not null, price real check(price >= 0), at text); create index i on t(price); create view v as select name from t;")
db.executemany("insert into t(name, price, at) values (:n, :p, :a)", [{"n": f"n{i}", "p": i * 1.5, "a": f"2024-01-0{i+1}"} for i in range(5)])
db.commit()
row = db.execute("select *, price * 2 as twice from t where id = ?", (2,)).fetchone()
print(tuple(row), row.keys(), row["twice"], dict(row))
print(db.execute("select strftime('%Y', at) y, count(*), avg(price), group_concat(name, '|'), total(price) from t group by y").fetchall()[0][:])
print([tuple(r) for r in db.execute("with recursive c(n) as (select 1 union all select n + 1 from c where n < 5) select n, sum(n) over (order by n) from c")])
print([tuple(r) for r in db.execute("select name, rank() over (order by price desc), lag(name) over (order by id) from t limit 2")], db.execute("select json_extract('{\"a\":[1,2]}', '$.a[1]')").fetchone()[0])
for bad in ("insert into t(name, price) values ('n1', 1)", "insert into t(name, price) values ('x', -1)", "insert into t(price) values (1)", "selec 1", "select * from nope", "select nope from t", "insert into t values (1,2)", "select ?", "drop table v"):
    try: db.execute(bad); print("ok")
    except sqlite3.Error as e: print(type(e).__name__, e)
try:
    with db: db.execute("delete from t"); raise ValueError("rolled back")
except ValueError as e: print(e, db.execute("select count(*) from t").fetchone()[0], db.total_changes)
db.create_function("rev", 1, lambda s: s[::-1])
class Med:
    def __init__(self): self.v = []
    def step(self, x): self.v.append(x)
    def finalize(self): return sorted(self.v)[len(self.v) // 2]
db.create_aggregate("med", 1, Med); db.create_collation("bylen", lambda a, b: len(a) - len(b))
print(db.execute("select rev(name), (select med(price) from t) from t order by name collate bylen desc, id limit 1").fetchone()[:])
cur = db.execute("update t set price = price + 1 where id > 2"); print(cur.rowcount, cur.lastrowid, cur.description, db.in_transaction); db.commit()
print(db.execute("insert into t(name) values ('up') on conflict(name) do update set price = 9 returning id, name").fetchall()[0][:], list(db.iterdump())[1][:20])
print(db.execute("select typeof(1), typeof(1.0), typeof('a'), typeof(x'00'), typeof(null), 7 / 2, 7 / 2.0, '5' + 1, round(2.5), 'a' || 1, max(1, 2), 1 = '1', upper('é'), length('日本'), like('A%', 'abc'), instr('hello', 'l'), printf('%05.1f', 3.14159), coalesce(null, 2), hex(x'ff'), quote('it''s')").fetchone()[:])
db2 = sqlite3.connect("/tmp/x.db", isolation_level=None); db2.execute("create table if not exists k(v blob)"); db2.execute("insert into k values (?)", (b"\x00\xff",)); print(db2.execute("select v, length(v) from k").fetchone()); db2.close()
try: db2.execute("select 1")
except sqlite3.ProgrammingError as e: print(e)
print([tuple(r) for r in db.execute("explain query plan select * from t where price = 3")][0][3], sqlite3.threadsafety in (0, 1, 3), sqlite3.paramstyle)
db.execute("pragma foreign_keys").fetchone()[0], [tuple(r)[1:3] for r in db.execute("pragma table_info(t)")][:2]
