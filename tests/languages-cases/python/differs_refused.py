import subprocess, os, socket, urllib.request, http.client, smtplib, asyncio
def tell(name, f):
    try: print(name, "returned", type(f()).__name__)
    except OSError as e: print(name, type(e).__name__, "sandbox" in str(e))
for name, f in {"run": lambda: subprocess.run(["ls"]), "check_output": lambda: subprocess.check_output("ls", shell=True), "getoutput": lambda: subprocess.getoutput("ls"), "Popen": lambda: subprocess.Popen(["x"]), "system": lambda: os.system("ls"), "popen": lambda: os.popen("ls"), "fork": os.fork, "execv": lambda: os.execv("/bin/ls", ["ls"]), "socket": socket.socket, "create_connection": lambda: socket.create_connection(("example.com", 80)), "gethostbyname": lambda: socket.gethostbyname("example.com"), "urlopen": lambda: urllib.request.urlopen("http://example.com"), "urlopens": lambda: urllib.request.urlopen("https://example.com"), "http": lambda: http.client.HTTPConnection("x").request("GET", "/"), "https": lambda: http.client.HTTPSConnection("x").request("GET", "/"), "smtp": lambda: smtplib.SMTP("x")}.items():
    tell(name, f)
async def main():
    for make in (lambda: asyncio.open_connection("example.com", 80), lambda: asyncio.start_server(lambda r, w: None, "127.0.0.1", 8000), lambda: asyncio.create_subprocess_exec("ls"), lambda: asyncio.create_subprocess_shell("ls")):
        try: await make()
        except OSError as e: print(type(e).__name__, "sandbox" in str(e))
asyncio.run(main())
