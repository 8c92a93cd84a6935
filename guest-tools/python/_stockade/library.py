"""The standard library, all of it that is of use, loaded while the component is built."""

import encodings
import importlib
import importlib.resources
import importlib.util
import io
import pkgutil
import re
import sys
import zoneinfo
import zoneinfo._common
import zoneinfo._tzpath

MODULES = """
__future__ _strptime abc argparse array ast asyncio atexit base64 bdb binascii bisect builtins calendar cmath cmd code
codecs codeop collections collections.abc colorsys compression.gzip compression.zlib concurrent.futures configparser
contextlib contextvars copy copyreg cProfile csv dataclasses datetime dbm.dumb dbm.sqlite3 decimal difflib dis doctest email
email.charset email.encoders email.generator email.headerregistry email.iterators email.message email.mime.application
email.mime.audio email.mime.base email.mime.image email.mime.message email.mime.multipart email.mime.nonmultipart
email.mime.text email.parser email.policy email.utils encodings.ascii encodings.idna encodings.latin_1 encodings.utf_16
encodings.utf_8_sig enum errno filecmp fileinput fnmatch fractions functools gc getopt getpass gettext glob graphlib gzip
hashlib heapq hmac html html.entities html.parser http http.client http.cookies imaplib importlib importlib.metadata
importlib.resources importlib.util inspect io ipaddress itertools json json.tool keyword linecache locale logging
logging.config logging.handlers mailbox marshal math mimetypes modulefinder netrc numbers opcode operator optparse os
os.path pathlib pickle pickletools pkgutil platform plistlib pprint profile pstats pyclbr pydoc queue quopri random re
reprlib sched secrets select selectors shelve shlex shutil signal site smtplib socket sqlite3 sqlite3.dump stat statistics
string string.templatelib stringprep struct symtable sys sysconfig tabnanny tarfile tempfile textwrap threading time timeit
token tokenize tomllib trace traceback types typing unicodedata unittest unittest.async_case unittest.mock urllib.error
urllib.parse urllib.request urllib.response urllib.robotparser uuid warnings wave weakref xml.dom xml.dom.minidom
xml.dom.pulldom xml.etree.ElementInclude xml.etree.ElementTree xml.parsers.expat xml.sax xml.sax.expatreader xml.sax.handler
xml.sax.saxutils xml.sax.xmlreader zipapp zipfile zipimport zlib zoneinfo
""".split()

# What the library imports only where it runs, and is of no use here.
USELESS = """
_android_support _apple_support _ios_support _osx_support _pydatetime _pydecimal _pyio _winapi antigravity
concurrent.futures.interpreter concurrent.futures.process concurrent.futures.thread concurrent.interpreters ctypes curses
ftplib http.server idlelib lib2to3 msvcrt multiprocessing nt nturl2path pip py_compile pydoc_data readline ssl tkinter
tracemalloc tty webbrowser winreg xmlrpc
""".split()


def load(name):
    """Imports a module, where this build of Python has it."""
    try:
        importlib.import_module(name)
    except (ImportError, OSError, AttributeError, RuntimeError):
        pass


def imports_of(module):
    """The names of the modules that a module imports in its functions."""
    try:
        source = module.__loader__.get_source(module.__name__) or ""
    except (AttributeError, ImportError, TypeError):
        return []
    found = re.findall(r"^[ \t]+(?:from|import) (\.*[a-z_][\w.]*)", source, re.MULTILINE)
    package = module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]
    return [importlib.util.resolve_name(name, package) if package else name for name in found if package or name[0] != "."]


def load_library():
    """Imports all that a cell can: there are no files to find it in later, a codec or an import within a function neither."""
    for name in MODULES:
        importlib.import_module(name)
    for codec in pkgutil.iter_modules(encodings.__path__, "encodings."):
        load(codec.name)
    asked = {name for module in list(sys.modules.values()) for name in imports_of(module)} - set(sys.modules)
    for name in sorted(asked):
        if not any(f"{name}.".startswith(f"{useless}.") for useless in USELESS):
            load(name)


# --- time zones: the whole database, from PyPI's tzdata ----------------------------------------------------------------


def zone_files():
    """What is known of each zone, by its name; zones of the same rules share it."""
    base = importlib.resources.files("tzdata")
    names = base.joinpath("zones").read_text().split()
    kept = {}
    files = {name: base.joinpath("zoneinfo", *name.split("/")).read_bytes() for name in names}
    return {name: kept.setdefault(data, data) for name, data in files.items()}


def load_zones():
    zones = zone_files()

    def zone_data(name):
        try:
            return io.BytesIO(zones[name])
        except KeyError:
            raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {name}") from None

    zoneinfo._common.load_tzdata = zone_data
    zoneinfo.available_timezones = zoneinfo._tzpath.available_timezones = lambda: set(zones)
