#!/usr/bin/env python3
"""A server of the Model Context Protocol that does what a case says, on its standard input and output or, with --http, over HTTP.

Usage: peer.py CASE.json [--http]

The member "peer" of the case has:
    era          "legacy" (the default), "modern", or "dies" (legacy, and ends at the question of the newer revision)
    tools        the definitions that it lists, in which "$xN" is a text of N letters; "many", so many further ones; or "tools_by_start", one list for each time that it is started
    list         "endless" (a further page always), "circle" (the same page again), "huge" (one page of many megabytes),
                 "silent", "garbage" (what is no list)
    answers      by the name of a tool: {"result": …}, {"error": …}, {"crash": true}, {"silent": true}, {"garbage": "…"},
                 {"huge": BYTES}, {"amplified": N} (so many empty lists), {"half": true} (a line without an end),
                 {"environment": NAME} (its variables), each with
                 "before": messages that it sends first, "strays": so many answers that were never asked for, "relist": the
                 definitions that it lists from then on, after it has said that they have changed
    stderr       lines that it writes to its standard error when it starts
    drip         over HTTP: a media type; each answer is of it, and its bytes come one by one, for ever
"""

import contextlib
import json
import os
import sys
import time


def padded(value):
    """Puts so many letters in place of each text "$xN"."""
    if isinstance(value, dict):
        return {key: padded(member) for key, member in value.items()}
    if isinstance(value, str) and value.startswith("$x"):
        return "x" * int(value[2:])
    return value


class Peer:
    def __init__(self, case, send):
        self.peer = case["peer"]
        self.send = send
        self.tools = [padded(tool) for tool in self.peer.get("tools", [])]
        for at in range(self.peer.get("many", 0)):
            self.tools.append({"name": f"t{at}x", "inputSchema": {"type": "object"}})
        if "tools_by_start" in self.peer:
            with open("starts", "a+") as starts:
                starts.write("x")
                starts.seek(0)
                at = len(starts.read()) - 1
            lists = self.peer["tools_by_start"]
            self.tools = lists[min(at, len(lists) - 1)]
        for line in self.peer.get("stderr", []):
            print(line, file=sys.stderr, flush=True)

    def answer(self, id, **more):
        self.send({"jsonrpc": "2.0", "id": id, **more})

    def take(self, message):
        method, id, params = message.get("method"), message.get("id"), message.get("params") or {}
        if id is None or method is None:
            return
        era = self.peer.get("era", "legacy")
        if method == "server/discover":
            if era == "dies":
                sys.exit(1)
            if era == "modern":
                result = {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}, "ttlMs": 0}
                return self.answer(id, result=result)
            return self.answer(id, error={"code": -32601, "message": "no such method"})
        if era == "modern" and "_meta" not in params:
            return self.answer(id, error={"code": -32602, "message": "a request says who sends it"})
        if method == "initialize":
            version = {"protocolVersion": params["protocolVersion"], "capabilities": {}, "serverInfo": {"name": "peer"}}
            return self.answer(id, result=version)
        if method == "tools/list":
            return self.list(id, params)
        if method == "tools/call":
            return self.call(id, params)
        self.answer(id, error={"code": -32601, "message": "no such method"})

    def list(self, id, params):
        kind = self.peer.get("list")
        if kind == "silent":
            return
        if kind == "garbage":
            return self.answer(id, result={"tools": "none"})
        if kind == "endless":
            cursor = str(int(params.get("cursor", 0)) + 1)
            return self.answer(id, result={"tools": [], "nextCursor": cursor})
        if kind == "circle":
            return self.answer(id, result={"tools": [], "nextCursor": "again"})
        tools = self.tools
        if kind == "huge":
            tools = [{"name": "a", "description": "x" * (9 << 20), "inputSchema": {"type": "object"}}]
        self.answer(id, result={"tools": tools})

    def call(self, id, params):
        answer = self.peer.get("answers", {}).get(params["name"])
        if answer is None:
            echoed = json.dumps(params.get("arguments", {}), sort_keys=True)
            return self.answer(id, result={"content": [{"type": "text", "text": echoed}]})
        for message in answer.get("before", []):
            self.send(message)
        for at in range(answer.get("strays", 0)):
            self.send({"jsonrpc": "2.0", "id": 1_000_000 + at, "result": {"content": []}})
        if "relist" in answer:
            self.tools = answer["relist"]
            self.send({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        if answer.get("crash"):
            os._exit(7)
        if "garbage" in answer:
            return self.send(answer["garbage"])
        if answer.get("half"):
            sys.stdout.write('{"jsonrpc": "2.0", ')
            sys.stdout.flush()
            return
        if "amplified" in answer:
            lists = "[]," * answer["amplified"] + "[]"
            return self.send(f'{{"jsonrpc": "2.0", "id": {id}, "result": {{"structuredContent": [{lists}]}}}}')
        if "huge" in answer:
            return self.answer(id, result={"content": [{"type": "text", "text": "x" * answer["huge"]}]})
        if "environment" in answer:
            text = json.dumps({"names": sorted(os.environ), "value": os.environ.get(answer["environment"]), "folder": os.getcwd()})
            return self.answer(id, result={"content": [{"type": "text", "text": text}]})
        for key in ("result", "error"):
            if key in answer:
                return self.answer(id, **{key: answer[key]})


def over_lines(case):
    def send(message):
        sys.stdout.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
        sys.stdout.flush()

    peer = Peer(case, send)
    for line in sys.stdin:
        peer.take(json.loads(line))


def over_http(case):
    import http.server

    token, session = case["peer"].get("token"), case["peer"].get("session")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def refuse(self, status):
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_POST(self):
            text = self.rfile.read(int(self.headers.get("content-length", 0)))
            if "drip" in case["peer"]:
                return self.drip(case["peer"]["drip"])
            if self.path == "/token":
                return self.give(json.dumps({"access_token": token, "expires_in": 600}), "application/json")
            if token and self.headers.get("authorization") != f"Bearer {token}":
                return self.refuse(401)
            message = json.loads(text)
            begun = message.get("method") in ("initialize", "server/discover")
            if session and not begun and self.headers.get("mcp-session-id") != session:
                return self.refuse(400)
            if message.get("method") == "tools/call" and case["peer"].get("era") == "modern":
                if self.headers.get("mcp-name") != message["params"]["name"]:
                    return self.refuse(400)
            sent = []
            Peer(case, sent.append).take(message)
            if not sent:
                return self.refuse(202)
            if case["peer"].get("stream"):
                events = "".join(f"event: message\ndata: {json.dumps(one)}\n\n" for one in sent)
                return self.give(": hello\n\n" + events, "text/event-stream")
            self.give(json.dumps(sent[-1]), "application/json")

        def drip(self, kind):
            self.close_connection = True
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("connection", "close")
            self.end_headers()
            # It ends when the client has gone.
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b" ")
                    time.sleep(0.02)

        def give(self, text, kind):
            self.send_response(200)
            self.send_header("content-type", kind)
            if session:
                self.send_header("mcp-session-id", session)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def main():
    with open(sys.argv[1]) as file:
        case = json.load(file)
    if "--http" in sys.argv:
        over_http(case)
    else:
        over_lines(case)


main()
