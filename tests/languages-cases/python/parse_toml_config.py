import tomllib
from dataclasses import dataclass, field, fields

TEXT = """
title = "svc"
[server]
port = 8_080
hosts = ["a", "b"]
timeout = 2.5e0
started = 2025-01-02T03:04:05Z
[[route]]
path = "/api"
methods = ["GET", "POST"]
[[route]]
path = '/raw\\d+'
limits = { rps = 10, burst = 0x20 }
"""


@dataclass
class Route:
    path: str
    methods: list[str] = field(default_factory=lambda: ["GET"])
    limits: dict = field(default_factory=dict)


config = tomllib.loads(TEXT)
routes = [Route(**one) for one in config["route"]]
print(config["server"]["started"].isoformat(), config["server"]["port"] + 1)
for route in routes:
    print(route)
errors = []
for text in ("a = 1\na = 2", "x = ", "[t]\n[t]", "d = 2025-13-01", 's = "\\q"'):
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        errors.append(str(error).split(" (at")[0])
[errors, [one.name for one in fields(Route)]]
