import sqlite3

db = sqlite3.connect(":memory:")
db.row_factory = sqlite3.Row
db.executescript("""
    create table customer(id integer primary key, name text not null unique);
    create table purchase(id integer primary key, customer integer references customer, cents integer check (cents > 0), day text);
""")
db.execute("pragma foreign_keys = on")
with db:
    db.executemany("insert into customer(name) values (?)", [("Ann",), ("Bo",), ("Cy",)])
    db.executemany("insert into purchase(customer, cents, day) values (:who, :cents, :day)",
                   [dict(who=1 + n % 2, cents=100 * n + 50, day=f"2025-0{1 + n % 3}-1{n}") for n in range(6)])
errors = []
for sql in ("insert into customer(name) values ('Bo')", "insert into purchase(customer, cents) values (9, 1)", "insert into purchase(customer, cents) values (1, 0)",
            "select nope", "not sql"):
    try:
        with db:
            db.execute("insert into customer(name) values ('Rolled back')")
            db.execute(sql)
    except sqlite3.Error as error:
        errors.append(f"{type(error).__name__}: {error}")
print(*errors, sep="\n")
rows = db.execute("""
    with totals as (select customer, sum(cents) as cents, count(*) as n from purchase group by customer)
    select name, coalesce(cents, 0) as cents, n, rank() over (order by cents desc) as place
    from customer left join totals on totals.customer = customer.id order by place, name""").fetchall()
for row in rows:
    print(row["place"], row["name"], row["cents"] / 100, tuple(row.keys()) if row["place"] == 1 else "")
db.create_function("shout", 1, lambda text: text.upper() + "!")
monthly = dict(db.execute("select strftime('%m', day), sum(cents) from purchase group by 1 having sum(cents) > 400").fetchall())
[monthly, db.execute("select group_concat(shout(name), ' ') from (select name from customer order by id desc)").fetchone()[0], db.execute("select json_extract('{\"a\":[1,2]}', '$.a[1]')").fetchone()[0], db.total_changes > 8]
