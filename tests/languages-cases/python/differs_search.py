import sqlite3

database = sqlite3.connect(":memory:")
try:
    database.execute("CREATE VIRTUAL TABLE notes USING fts5(text)")
except sqlite3.OperationalError as error:
    said = str(error)
said
