import sqlite3
connection = sqlite3.connect(":memory:")
connection.row_factory = sqlite3.Row
connection.executescript("""
    create table sales (day text, region text, amount real);
    insert into sales values ('2026-01-01', 'north', 10), ('2026-01-02', 'north', 20), ('2026-01-01', 'south', 5);
""")
rows = connection.execute("""
    select region, sum(amount) as total, sum(amount) over () as running, rank() over (order by sum(amount) desc) as place
    from sales group by region order by place
""").fetchall()
try:
    connection.execute("select nope from sales")
except sqlite3.OperationalError as error:
    told = str(error)
[[dict(row) for row in rows], told, connection.execute("select json_extract('{\"a\": [1, 2]}', '$.a[1]')").fetchone()[0]]
