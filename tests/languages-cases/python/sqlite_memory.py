import sqlite3
db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, cents INTEGER)")
db.executemany("INSERT INTO orders (customer, cents) VALUES (?, ?)", [("ada", 500), ("bob", 300), ("ada", 250)])
db.commit()
result = db.execute("SELECT customer, SUM(cents), COUNT(*) FROM orders GROUP BY customer ORDER BY 2 DESC").fetchall()
