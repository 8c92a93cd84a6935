"""What goes wrong, as types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: Answers that may be another one a little later.
_PASSING = frozenset({408, 429, 502, 503, 504})


class StockadeError(Exception):
    """Any error of this package."""


class Unreachable(StockadeError):
    """The server was not reached, or the connection broke off. Its ``__cause__`` says how."""


class TimedOut(StockadeError, TimeoutError):
    """A wait was longer than its caller allowed. What was waited for goes on."""


class Problem(StockadeError):
    """The server refused a request, or has failed: an answer as RFC 9457 has it.

    ``kind`` is the family of the error, which a program branches on, and ``reason`` narrows it. ``limit``, ``allowed`` and
    ``used`` say which limit was reached. An answer that is not the server's own, such as one of a proxy, has the kind
    ``http``.
    """

    def __init__(self, status: int, document: Mapping[str, Any], retry_after_s: float | None = None) -> None:
        self.status = status
        self.kind: str = document.get("kind", "http")
        self.title: str = document.get("title", "")
        self.detail: str = document.get("detail", f"the server answered {status}")
        self.reason: str | None = document.get("reason")
        self.limit: str | None = document.get("limit")
        self.allowed: int | None = document.get("allowed")
        self.used: int | None = document.get("used")
        self.hint: Any = document.get("hint")
        self.tool: str | None = document.get("tool")
        self.call_id: str | None = document.get("call_id")
        #: How long the server asks to wait.
        self.retry_after_s = retry_after_s
        super().__init__(f"{self.detail} ({self.kind}, {status})")

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], body: bytes) -> Problem:
        """Reads an answer that is no success."""
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        after = headers.get("retry-after", "")
        is_ours = isinstance(document, dict) and "kind" in document
        return cls(status, document if is_ours else {}, float(after) if after.isdecimal() else None)

    @property
    def passes(self) -> bool:
        """Whether the same request may be answered otherwise a little later."""
        return self.status in _PASSING
