import configparser
parser = configparser.ConfigParser()
parser.read_string("""
[server]
host = localhost
port = 8080
debug = yes
url = http://%(host)s:%(port)s

[empty]
""")
server = parser["server"]
[parser.sections(), server.getint("port"), server.getboolean("debug"), server["url"], server.get("nope", "none"), parser.has_option("empty", "x")]
