"""What code asks of a machine: a person, a home, a folder for temporary files, programs, the network. The error for what the
sandbox lacks says what to do instead."""

import builtins
import compression._common._streams
import errno
import functools
import getpass
import http.client
import io
import locale
import os
import pdb
import socket
import sqlite3
import subprocess
import sys
import tempfile
import types
import urllib.error
import urllib.request

from _stockade import dates, opening
from _stockade.waiting import Loop

HOME, TEMPORARY = "/", "/tmp"
NO_PROGRAMS = ("there are no other programs in the sandbox: call a tool, or do it in Python (shutil, pathlib, zipfile, json, "
               "re, sqlite3 …)")
NO_SOCKETS = ("there is no network in the sandbox: call a tool that reaches it, such as `fetch`, if this code was given one; "
              "what it needs can also be passed in as `input` or as a file")
NO_FOLDER = "this code was given no folder, so it cannot write files: return the data as its value"
ASKS = "input() would ask a person, and there is no person to ask: "


# --- a person ---------------------------------------------------------------------------------------------------------


def asking(value):
    """What `input` is when it is called: a function of the code's own, that of Python where the code has replaced what it reads
    from, or else an error that says what it is."""
    if callable(value):
        return value
    if builtins.input is not asked or sys.stdin is not sys.__stdin__:
        return builtins.input

    def ask(prompt="", *_):
        print(prompt, end="", flush=True)
        kind = "nothing was given" if value is None else f"`input` is what was given to this code, a {type(value).__name__}"
        raise EOFError(f"{ASKS}{kind}; read the value from the variable `input`")

    return ask


def no_password(prompt="Password: ", stream=None, **_):
    raise EOFError("getpass() would ask a person, and there is no person to ask: the host gives secrets to tools, not to code")


def no_debugger(*_, **__):
    raise RuntimeError("a debugger would ask a person, and there is no person to ask: print what you want to see")


# --- files ------------------------------------------------------------------------------------------------------------


def needs_temporary(path):
    """Whether a path is of the folder for temporary files, which is made when something is first written to it."""
    try:
        path = os.fsdecode(os.fspath(path))
    except (TypeError, ValueError):
        return False
    return path.startswith(TEMPORARY + "/") and os.path.dirname(os.path.normpath(path)) == TEMPORARY


def make_temporary():
    try:
        mkdir(TEMPORARY)
    except FileExistsError:
        pass
    except OSError as error:
        raise OSError(error.errno, NO_FOLDER, TEMPORARY) from None


def making_temporary(function, writes):
    """A function that opens or makes a path, for which `/tmp` is made where it is missing and the path is written."""

    @functools.wraps(function)
    def making(path, *args, **kwargs):
        try:
            return function(path, *args, **kwargs)
        except FileNotFoundError:
            if not writes(*args, **kwargs) or not needs_temporary(path) or os.path.isdir(TEMPORARY):
                raise
        make_temporary()
        return function(path, *args, **kwargs)

    return making


def refusing_empty(function):
    """A function of a path, for which an empty one is no other name of the folder."""

    @functools.wraps(function)
    def refusing(*args, **kwargs):
        path = args[0] if args else kwargs.get("path")
        if path == "" or path == b"":
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return function(*args, **kwargs)

    return refusing


def refuse_empty(name):
    """Has a function of `os` refuse an empty path, and be in those sets of functions in which it was."""
    function = getattr(os, name)
    refusing = refusing_empty(function)
    for able in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if function in able:
            able.add(refusing)
    setattr(os, name, refusing)


def opens_to_write(mode="r", *_, **__):
    return not mode.startswith("r")


def creates(flags, *_, **__):
    return bool(flags & os.O_CREAT)


@functools.wraps(sqlite3.connect)
def connect(database, *args, **kwargs):
    if needs_temporary(database) and not os.path.isdir(TEMPORARY):
        make_temporary()
    return connected(database, *args, **kwargs)


def temporary_folder():
    if tempfile.tempdir is None:
        make_temporary()
        tempfile.tempdir = TEMPORARY
    return tempfile.tempdir


# --- the locale -------------------------------------------------------------------------------------------------------


def set_locale(category, locale_=None):
    """`locale.setlocale`: the C library here takes any name, and does the same for all."""
    name = locale_ if locale_ is None or isinstance(locale_, str) else locale.normalize("_".join(map(str, locale_)))
    if name not in (None, "", "C", "POSIX", "C.UTF-8", "C.utf8"):
        told = "unsupported locale setting: the sandbox has C alone; format the texts in Python, as in f\"{number:,.2f}\""
        raise locale.Error(told)
    return set_known_locale(category, locale_)


set_known_locale = locale.setlocale


# --- programs and the network -----------------------------------------------------------------------------------------


def no_programs(*_, **__):
    raise OSError(errno.ENOTSUP, NO_PROGRAMS)


async def no_program_of_a_loop(*_, **__):
    no_programs()


async def no_socket_of_a_loop(*_, **__):
    no_sockets()


def no_terminal(*_):
    raise OSError(errno.ENOTTY, "there is no terminal in the sandbox; shutil.get_terminal_size() has a size of its own")


def no_sockets(*_, **__):
    raise PermissionError(errno.EPERM, NO_SOCKETS)


class HTTPSConnection(http.client.HTTPConnection):
    """A connection by TLS, of which there is as little as of any other."""

    __init__ = no_sockets


class HTTPSHandler(urllib.request.AbstractHTTPHandler):
    def https_open(self, request):
        raise urllib.error.URLError(PermissionError(errno.EPERM, NO_SOCKETS))


mkdir, opened, connected, asked = os.mkdir, io.open, sqlite3.connect, builtins.input


def widen():
    """Gives `sys.maxsize` the number that it has elsewhere, for code takes it for one that no other is above: here it would be
    2 ** 31 - 1. What hands it on to C has the old one."""
    narrow = types.SimpleNamespace(maxsize=sys.maxsize)
    compression._common._streams.sys = narrow
    sys.maxsize = 2**63 - 1


def begin():
    """The environment of a cell, which the start of the instance has emptied."""
    os.environ.setdefault("HOME", HOME)


def install():
    builtins.__input__ = asking
    sys.breakpointhook = pdb.set_trace = no_debugger
    getpass.getpass, getpass.getuser = no_password, lambda: "agent"
    builtins.exit = builtins.quit = os._exit = sys.exit
    widen()
    locale.setlocale = set_locale
    dates.install()
    opening.install()
    for name in ("stat", "lstat", "open", "mkdir", "listdir", "scandir", "chdir", "rmdir", "remove", "unlink"):
        refuse_empty(name)
    os.mkdir, os.open = making_temporary(os.mkdir, lambda *_, **__: True), making_temporary(os.open, creates)
    builtins.open = io.open = refusing_empty(making_temporary(opening.opening(opened), opens_to_write))
    sqlite3.connect = connect
    tempfile._gettempdir = temporary_folder
    tempfile.tempdir = None
    subprocess.Popen.__init__, Loop._make_subprocess_transport = no_programs, no_program_of_a_loop
    for name in ("system", "popen", "fork", "forkpty", "posix_spawn", "spawnl", "spawnv", "execv", "execve", "execvp"):
        setattr(os, name, no_programs)
    Loop.create_server = Loop.create_datagram_endpoint = no_socket_of_a_loop
    os.get_terminal_size = no_terminal
    socket.socket.__init__ = no_sockets
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo", "socketpair"):
        setattr(socket, name, no_sockets)
    http.client.HTTPSConnection, urllib.request.HTTPSHandler = HTTPSConnection, HTTPSHandler
    # Modules that the code has beside it.
    sys.path.append("/")
    sys.dont_write_bytecode = True
