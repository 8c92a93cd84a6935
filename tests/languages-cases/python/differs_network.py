import socket
import urllib.request

said = []
for ask in [
    lambda: urllib.request.urlopen("http://example.com"),
    lambda: socket.create_connection(("example.com", 80)),
]:
    try:
        ask()
    except OSError as error:
        said.append("there is no network in the sandbox: call a tool" in str(error))
said
