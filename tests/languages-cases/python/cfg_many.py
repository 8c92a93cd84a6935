import configparser, tomllib, io, json, os, plistlib, netrc, getopt, types
c = configparser.ConfigParser(); c.read_string("[DEFAULT]\nbase = /x\n[s]\npath = %(base)s/y\nn: 5\nflag = yes\nlist = a,\n  b\nempty =\n[t]\n; comment\nk = v\n")
print(c.sections(), c["s"]["path"], c.getint("s", "n"), c["s"].getboolean("flag"), repr(c["s"]["list"]), c.get("s", "zz", fallback="fb"), dict(c["t"]), c.has_option("t", "base"))
c["new"] = {"a": "1"}; c.set("new", "b", "%%x"); c.write(o := io.StringIO()); print(o.getvalue())
for bad in ("x = 1", "[a]\n[a]", "[a]\nx", "[a]\nx=1\nx=2"):
    try: configparser.ConfigParser().read_string(bad)
    except configparser.Error as e: print(type(e).__name__, str(e).replace("\n", "|"))
for f in (lambda: c.get("nope", "x"), lambda: c.get("s", "nope"), lambda: c.getint("s", "path"), lambda: c.set("s", "x", 5), lambda: configparser.ConfigParser({"a": "%(zz)s"}).get("DEFAULT", "a")):
    try: print(f())
    except Exception as e: print(type(e).__name__, str(e).replace("\n", "|"))
t = tomllib.loads('title = "T"\nn = 1_000\nf = 1e3\nd = 2024-01-02T03:04:05Z\nl = [1, 2,]\n[a.b]\nx = true\n[[p]]\nn = "x"\n[[p]]\nn = """\nml\\\n  joined"""\n[i]\nt = {a = 1, b.c = 0xff}\nday = 2024-01-02\n')
print(t)
for bad in ("a = ", "a = 1\na = 2", "[a", "a = 'x", "a = 01", "= 1"):
    try: tomllib.loads(bad)
    except tomllib.TOMLDecodeError as e: print(e)
print(plistlib.loads(plistlib.dumps({"a": [1, b"x", True]})), getopt.getopt(["-a", "--foo=1", "x"], "a", ["foo="]))
try: getopt.getopt(["-z"], "a")
except getopt.GetoptError as e: print(e)
os.environ["MY"] = "1"; print(os.environ.get("MY"), os.getenv("NOPE", "d"), os.environ.pop("MY"), "MY" in os.environ)
try: os.environ["NOPE"]
except KeyError as e: print(repr(e))
