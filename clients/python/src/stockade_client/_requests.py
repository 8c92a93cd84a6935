"""Requests, and when they are made again, without any input or output."""

from __future__ import annotations

import os
import random
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx

from .errors import Problem, StockadeError, Unreachable

#: Where a server is that was started without further words.
URL = "http://127.0.0.1:7700"

#: How long one answer may take: the server answers within 30 seconds.
ANSWER_S = 40.0

#: How long a stream may be silent: the server says every 15 seconds that it lives.
SILENCE_S = 45.0

#: Errors of a connection after which no request can have been received.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

#: Statuses of runs that go on by themselves.
GOES_ON = frozenset({"running", "interrupted"})

#: Statuses of runs that go on no more.
ENDED = frozenset({"done", "failed", "stopped"})

Query = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Retry:
    """How often a request is made before its error is raised, and how long the pauses are. They grow, at random.

    A stream is more patient: a server that is started anew takes a while. Its attempts are those in a row without an event.
    """

    attempts: int = 5
    stream_attempts: int = 12
    first_s: float = 0.25
    longest_s: float = 5.0

    def pause_s(self, failed: int, error: StockadeError | None = None) -> float:
        """How long to wait after so many attempts that failed."""
        asked_s = error.retry_after_s if isinstance(error, Problem) and error.retry_after_s else 0.0
        backoff_s = min(self.first_s * 2.0 ** min(failed, 16), self.longest_s)
        return max(min(asked_s, self.longest_s), backoff_s * random.uniform(0.5, 1.0))


@dataclass(frozen=True)
class Request:
    """A request. One that does the same when it comes twice is *repeatable*."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    key: str | None = None
    repeatable: bool = False
    #: A component, in place of a document.
    component: bytes | None = None

    @property
    def headers(self) -> dict[str, str]:
        key = {"Idempotency-Key": self.key} if self.key else {}
        return key | ({"Content-Type": "application/wasm"} if self.component is not None else {})

    def may_come_again(self, error: StockadeError) -> bool:
        """Whether the request may be made again after this error."""
        if isinstance(error, Problem):
            # With 429 the server says that it has not begun.
            return error.status == 429 or (self.repeatable and error.passes)
        return self.repeatable or isinstance(error.__cause__, _NOT_SENT)


def get(path: str, query: Query = ()) -> Request:
    return Request("GET", path, tuple(query), repeatable=True)


def post(path: str, body: Any) -> Request:
    return Request("POST", path, body=body)


def once(path: str, body: Any, key: str | None) -> Request:
    """A request that the server does once for each key. Without one, it has a key of its own, so that it can come again."""
    return Request("POST", path, body=body, key=key or str(uuid.uuid4()), repeatable=True)


def unreachable(url: str, error: httpx.TransportError) -> Unreachable:
    """Says that the server was not reached."""
    refused = Unreachable(f"{url} was not reached: {type(error).__name__} {error}".rstrip())
    refused.__cause__ = error
    return refused


def document(response: httpx.Response) -> Any:
    """Reads the document of an answer. One without is not the server's own."""
    try:
        return response.json()
    except ValueError as error:
        status = response.status_code
        raise Problem(status, {"detail": f"the server answered {status}, and not with JSON"}) from error


def url(given: str | None) -> str:
    return (given or os.environ.get("STOCKADE_URL") or URL).rstrip("/")


def headers(token: str | None) -> dict[str, str]:
    token = token or os.environ.get("STOCKADE_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def path(*names: str) -> str:
    """Joins names to a path beneath ``/v1``. Only the last one may have slashes: a key such as ``turn-1/call-1``.

    A part of dots would lead to another path, however it is written: no request is made for it.
    """
    *before, last = names
    parts = [*before, *last.split("/")]
    if dots := next((part for part in parts if part in (".", "..")), None):
        raise StockadeError(f'"{dots}" cannot be a part of a path, as in "{names[-1]}"')
    return "/".join(["/v1", *(quote(part, safe="") for part in parts)])


def query(
    *,
    labels: Mapping[str, str] | None = None,
    status: str | Iterable[str] = (),
    waiting_for: str | Iterable[str] = (),
    **others: str | int | bool | None,
) -> list[tuple[str, str]]:
    """Writes filters as parameters."""
    several = {"status": status, "waiting_for": waiting_for}
    pairs = [(name, each) for name, value in several.items() for each in ([value] if isinstance(value, str) else value)]
    pairs += [("label", f"{name}={value}") for name, value in (labels or {}).items()]
    return pairs + [(name, _written(value)) for name, value in others.items() if value is not None]


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def next_page(link: str) -> list[tuple[str, str]] | None:
    """Reads the parameters of the next page from the header ``Link``; the token goes to no other address."""
    found = re.search(r"<[^>?]*\?([^>]*)>;\s*rel=\"next\"", link)
    return parse_qsl(found.group(1), keep_blank_values=True) if found else None


def without(body: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves out what was not given."""
    return {name: value for name, value in body.items() if value is not None}
