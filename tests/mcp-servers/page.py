#!/usr/bin/env python3
"""A page with a form on loopback: prints its port, and then each name that was sent to it."""

import html
import http.server
import urllib.parse

FORM = """<!doctype html><title>Guests</title><form method="post" action="/">
<label>Your name <input id="name" name="name"></label>
<label>How many <select id="count" name="count"><option>1</option><option>2</option></select></label>
<button id="send">Send</button></form>"""


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def give(self, text):
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        self.give(FORM)

    def do_POST(self):
        fields = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        name, count = fields["name"][0], fields["count"][0]
        print(f"{name} {count}", flush=True)
        self.give(f"<!doctype html><title>Guests</title><h1>Thank you, {html.escape(name)}: {count} seats</h1>")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
