import configparser
import io

TEXT = """
[DEFAULT]
home = /srv/%(app)s
app = shop
[paths]
logs = %(home)s/logs
[db]
host: db.example
port: 5432
ssl = yes
; a comment
empty =
multi = one
    two
    three
"""
config = configparser.ConfigParser(allow_no_value=True)
config.read_string(TEXT)
db = config["db"]
print(config["paths"]["logs"], db.getint("port"), db.getboolean("ssl"), repr(db["empty"]), db["multi"].splitlines())
config["db"]["port"] = "5433"
config.add_section("new")
config.set("new", "rate", "50%%")
out = io.StringIO()
config.write(out)
print(out.getvalue().strip().splitlines()[-2:])
errors = []
for action in (lambda: db.getint("host"), lambda: config["nope"], lambda: config.get("db", "nope"), lambda: config.read_string("[a]\n[a]"),
               lambda: config.read_string("x = 1")):
    try:
        action()
    except Exception as error:
        errors.append(type(error).__name__)
{"errors": errors, "fallback": config.get("db", "user", fallback="postgres"), "sections": config.sections(), "rate": config["new"]["rate"]}
