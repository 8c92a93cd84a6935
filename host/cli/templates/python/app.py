"""Greets people."""

from componentize_py_types import Err
from wit_world import exports


class Greetings(exports.Greetings):
    def greet(self, name: str) -> str:
        if not name:
            raise Err("nobody to greet")
        return f"Hello, {name}"
