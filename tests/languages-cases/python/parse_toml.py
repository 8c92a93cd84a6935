import tomllib
text = """
title = "x"
[owner]
born = 1979-05-27
[[items]]
name = "a"
tags = ["p", "q"]
[[items]]
name = "b"
price = 1.50
"""
data = tomllib.loads(text)
try:
    tomllib.loads("a = ")
except tomllib.TOMLDecodeError as error:
    name = type(error).__name__
[data["owner"]["born"].year, [item["name"] for item in data["items"]], data["items"][1]["price"], name]
