import io
import sqlite3

source = sqlite3.connect(":memory:")
source.executescript("""
    create table note(id integer primary key, text text, made text default (date('2026-01-02')), data blob);
    create index by_text on note(text);
    create view short as select id, substr(text, 1, 3) as head from note;
    create trigger no_empty before insert on note when new.text = '' begin select raise(abort, 'empty note'); end;
""")
with source:
    source.executemany("insert into note(text, data) values (?, ?)", [("it's", b"\0\xff"), ("öl\nline", None)])
script = "\n".join(source.iterdump())
print(script)
copy = sqlite3.connect(":memory:")
copy.executescript(script)
third = sqlite3.connect(":memory:")
source.backup(third)
try:
    copy.execute("insert into note(text) values ('')")
except sqlite3.IntegrityError as error:
    print(type(error).__name__, error)
cursor = copy.execute("select * from short")
names = [column[0] for column in cursor.description]
rows = [dict(zip(names, row)) for row in cursor]
plan = copy.execute("explain query plan select * from note where text = 'x'").fetchone()[-1]
same = [list(db.execute("select id, text, made, hex(data) from note")) for db in (source, copy, third)]
[rows, same[0] == same[1] == same[2], same[0][0], "by_text" in plan, third.in_transaction]
