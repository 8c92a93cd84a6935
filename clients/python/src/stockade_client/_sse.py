"""Server-sent events, as the HTML standard has them, without any input or output."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from .errors import StockadeError

#: The longest event, in characters: an entry has a few MiB at most.
EVENT_MAX = 64 << 20


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    name: str
    data: str
    id: str


class Parser:
    """Makes events of the bytes of a stream."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._data: list[str] = []
        self._name, self._size, self._id = "", 0, ""

    def feed(self, chunk: bytes) -> list[Event]:
        """Returns the events that are complete with these bytes."""
        text = self._rest + self._decoder.decode(chunk)
        # A carriage return in the end may be half of the end of a line.
        held = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(held)].replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        self._rest = rest + held
        events = [event for line in lines if (event := self._line(line))]
        if len(self._rest) + self._size > EVENT_MAX:
            raise StockadeError(f"an event has more than {EVENT_MAX} characters")
        return events

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._end()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
            self._size += len(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _end(self) -> Event | None:
        name, data = self._name or "message", self._data
        self._name, self._data, self._size = "", [], 0
        return Event(name, "\n".join(data), self._id) if data else None
