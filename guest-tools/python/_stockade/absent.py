"""What a module that cannot be imported is told to be: why it is not there, what to use instead, and how to add it."""

import _frozen_importlib
import compression
import os
import sys

# What needs machine code that is built for no WASI, and what to use instead.
NATIVE = {
    "numpy": "`statistics`, `math`, `array` and lists, or `sqlite3` for tables",
    "pandas": "`csv`, `collections`, `statistics` and `sqlite3` (`:memory:`)",
    "polars": "`csv`, `collections` and `sqlite3` (`:memory:`)",
    "pyarrow": "`csv`, `json` and `sqlite3` (`:memory:`)",
    "duckdb": "`sqlite3` (`:memory:`)",
    "scipy": "`statistics` and `math`",
    "sklearn": "`statistics` (linear_regression, correlation) and Python",
    "statsmodels": "`statistics` (linear_regression, correlation)",
    "torch": "a tool that runs the model",
    "tensorflow": "a tool that runs the model",
    "matplotlib": "`chart` (bar, line, scatter, pie as SVG)",
    "seaborn": "`chart` (bar, line, scatter, pie as SVG)",
    "PIL": "a tool for images; `chart` draws SVG",
    "cv2": "a tool for images",
    "lxml": "`xml.etree.ElementTree` and `html.parser`",
    "msgspec": "`dataclasses` and `json`, or pydantic",
    "orjson": "`json`",
    "ujson": "`json`",
    "regex": "`re`",
    "cryptography": "`hashlib`, `hmac` and `secrets`, or a tool that has the keys",
    "psycopg2": "a tool that reaches the database",
    "psycopg": "a tool that reaches the database",
    "pymysql": "a tool that reaches the database",
    "sqlalchemy": "`sqlite3` (`:memory:`), or a tool that reaches the database",
    "pendulum": "`datetime` and `zoneinfo`",
    "networkx": "`graphlib`, `heapq` and dicts",
    "jinja2": "f-strings and `string.Template`",
    "markupsafe": "`html.escape`",
}

# What is on the network, which code reaches by tools alone.
NETWORK = set("""
aiohttp anthropic boto3 httpx openai paramiko playwright pymongo redis requests selenium urllib3 websocket websockets
""".split())

# Packages that can be added: what `language add` calls them, and what to use without them.
PURE = {
    "pydantic": ("pydantic", "`dataclasses` and `json`"),
    "pydantic_core": ("pydantic", "`dataclasses` and `json`"),
    "yaml": ("ruamel.yaml", "`json`, `tomllib` and `configparser` (PyYAML has no wheel of Python alone)"),
    "ruamel": ("ruamel.yaml", "`json`, `tomllib` and `configparser`"),
    "bs4": ("beautifulsoup4", "`html.parser`"),
    "dateutil": ("python-dateutil", "`datetime.fromisoformat`, `datetime.strptime` and `zoneinfo`"),
    "pytz": ("pytz", "`zoneinfo`"),
    "tabulate": ("tabulate", "f-strings with widths"),
    "openpyxl": ("openpyxl", "`csv`, or `zipfile` and `xml.etree.ElementTree`"),
    "sympy": ("sympy", "`fractions` and `decimal`"),
    "attr": ("attrs", "`dataclasses`"),
    "attrs": ("attrs", "`dataclasses`"),
    "tenacity": ("tenacity", "a loop with `try`"),
    "xmltodict": ("xmltodict", "`xml.etree.ElementTree`"),
    "markdown": ("markdown", "`html.escape` and `re`"),
    "pypdf": ("pypdf", "a tool for PDF"),
    "rich": ("rich", "`print` and `textwrap`"),
    "tqdm": ("tqdm", "`print`"),
    "toml": ("toml", "`tomllib`"),
}

# Modules of the standard library that are not in this build.
LIBRARY = {
    "bz2": "it needs the C library bzip2, which is built into no CPython for WASI; `gzip` and `zlib` are here",
    "lzma": "it needs the C library liblzma, which is built into no CPython for WASI; `gzip` and `zlib` are here",
    "compression": "of it `gzip` and `zlib` are here; the others need C libraries that are built into no CPython for WASI",
    "concurrent.interpreters": "there is one interpreter in the sandbox; call the function",
    "http.server": "there is no network in the sandbox; call a tool that reaches it",
    "ssl": "there is no network in the sandbox, and no OpenSSL; a tool such as `fetch` speaks TLS",
    "ctypes": "there is no machine code in the sandbox",
    "mmap": "WASI maps no files; `open` reads them",
    "tkinter": "there is no screen; `chart` draws SVG",
    "turtle": "there is no screen; `chart` draws SVG",
    "curses": "there is no terminal; `print` writes lines",
    "readline": "there is no terminal; `print` writes lines",
    "pty": "there is no terminal; `print` writes lines",
    "termios": "there is no terminal; `print` writes lines",
    "tty": "there is no terminal; `print` writes lines",
    "fcntl": "there is no other process to lock a file against",
    "resource": "the host sets the limits",
    "pwd": "there are no users; `pathlib.Path.home()` is /",
    "grp": "there are no groups",
    "webbrowser": "there is no browser; return the address as the value",
    "ftplib": "there is no network in the sandbox; call a tool that reaches it",
    "poplib": "there is no network in the sandbox; call a tool that reaches it",
    "socketserver": "there is no network in the sandbox; call a tool that reaches it",
    "xmlrpc": "there is no network in the sandbox; call a tool that reaches it",
    "wsgiref": "there is no network in the sandbox; call a tool that reaches it",
    "tracemalloc": "the host counts memory; `exec` prints it",
    "idlelib": "there is no screen",
    "ensurepip": "packages are added by `stockade language add python --with NAME`",
    "venv": "packages are added by `stockade language add python --with NAME`",
}
GONE = {"imp": "importlib", "distutils": "sysconfig", "cgi": "urllib.parse and html", "pipes": "shlex", "telnetlib": "a tool",
        "crypt": "hashlib", "uu": "base64", "asyncore": "asyncio", "imghdr": "a look at the first bytes"}


packages = []


def here():
    names = ", ".join(f"{one['name']} {one['version']}" for one in packages)
    return f"Beside the standard library this build has `chart`{f', {names}' if names else ' and no packages'}"


def add(name):
    return f"`stockade language add python --with {name}` adds {name}"


def advice(name):
    """Why there is no module of a name, as the second half of a sentence."""
    top = name.partition(".")[0]
    if top in NATIVE:
        return f"it needs machine code that is built for no WASI. Use {NATIVE[top]}. {here()}"
    if top in NETWORK:
        return f"there is no network in the sandbox. Call a tool that reaches it, such as `fetch`, if this code has one. {here()}"
    if top in PURE:
        package, instead = PURE[top]
        return f"use {instead}; {add(package)}. {here()}"
    if name in LIBRARY or top in LIBRARY:
        return LIBRARY.get(name) or LIBRARY[top]
    if top in GONE:
        return f"Python {sys.version_info.major}.{sys.version_info.minor} has it no more; use {GONE[top]}"
    if top in sys.modules:
        return f"{top} is here, and has no module of this name"
    if top in sys.stdlib_module_names:
        return "it is part of Python, and of no use in the sandbox: this build leaves it out"
    return f"if it is a package of Python alone, {add(top)}. {here()}"


find = _frozen_importlib._find_and_load_unlocked


def find_or_advise(name, import_):
    try:
        return find(name, import_)
    except ModuleNotFoundError as error:
        if error.name != name or error.args != (f"No module named {name!r}",):
            raise
        top = name.partition(".")[0]
        if os.path.exists(f"/{top}.py") or os.path.exists(f"/{top}/__init__.py"):
            # It may have been written after the folder was looked at.
            sys.path_importer_cache.pop("/", None)
            return find(name, import_)
        error.msg = f"No module named {name!r}: {advice(name)}"
        error.args = (error.msg,)
        raise


def without(name):
    if name.startswith("__"):
        raise AttributeError(f"module 'compression' has no attribute {name!r}", name=name)
    raise ModuleNotFoundError(f"No module named 'compression.{name}': {LIBRARY['compression']}", name=f"compression.{name}")


def install(added):
    packages[:] = added
    compression.__getattr__ = without
    _frozen_importlib._find_and_load_unlocked = find_or_advise
