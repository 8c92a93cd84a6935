"""A server on loopback that answers as it is told, one request after the other, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What is answered. With ``more``, as many bytes are promised and never come; with ``drop``, nothing is answered."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    more: int = 0
    drop: bool = False


@dataclass
class Asked:
    what: str
    headers: dict[str, str]
    body: Any


def document(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), headers)


def problem(status: int, kind: str, retry_after: str = "", **more: Any) -> Answer:
    body = {"type": f"urn:stockade:fault:{kind}", "title": "t", "status": status, "detail": "d", "kind": kind} | more
    return Answer(status, json.dumps(body).encode(), {"Retry-After": retry_after} if retry_after else {})


def events(*each: tuple[str, str, Any], more: int = 0) -> Answer:
    text = "".join(f"event: {name}\nid: {id}\ndata: {json.dumps(data)}\n\n" for name, id, data in each)
    return Answer(200, b": \n\n" + text.encode(), {"Content-Type": "text/event-stream"}, more)


class Far:
    """Listens while it is entered."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[Asked] = []
        left, asked = list(answers), self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked.append(Asked(f"{self.command} {self.path}", headers, json.loads(body) if body else None))
                answer = left.pop(0) if left else problem(500, "host_bug")
                if not answer.drop:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    if answer.status != 204:
                        self.send_header("Content-Length", str(len(answer.body) + answer.more))
                    self.end_headers()
                    self.wfile.write(answer.body)
                self.close_connection = self.close_connection or answer.drop or answer.more > 0

            do_GET = do_POST = do_DELETE = do

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Far:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
