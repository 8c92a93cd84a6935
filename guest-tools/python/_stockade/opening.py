"""Files that are written and sought in, as elsewhere. Of WASI, two things are otherwise:

- After a write and a seek to the end, the next write goes to where the last one ended. After a seek to another place it does not:
  so a seek from the end goes to the beginning too, and from there to its place.
- Of a file that is opened to be appended to, the position is its end, wherever it was moved to. So a file of mode `a+` is
  opened to be written anywhere, and each write goes to its end first.
"""

import functools
import io
import os

MODE = {"r", "w", "x", "a", "+", "b", "t"}
lseek = os.lseek


class File(io.FileIO):
    """The bytes of a file that is written to."""

    def seek(self, pos, whence=io.SEEK_SET, /):
        at = super().seek(pos, whence)
        if whence == io.SEEK_END:
            super().seek(0)
            super().seek(at)
        return at


class Appended(File):
    """The bytes of a file that is appended to and read."""

    mode = "ab+"

    def __init__(self, file, opener):
        def creating(path, flags):
            return (opener or low)(path, flags | os.O_CREAT)

        def low(path, flags):
            return os.open(path, flags, 0o666)

        super().__init__(file, "r+", opener=creating)
        self.seek(0, io.SEEK_END)

    def write(self, data):
        self.seek(0, io.SEEK_END)
        return super().write(data)


File.__name__ = File.__qualname__ = "FileIO"
File.__module__ = "_io"


def is_ours(mode, buffering, texts):
    """Whether a mode is one of those here. What is wrong with the others is said by Python's own `open`."""
    if not isinstance(mode, str) or not isinstance(buffering, int):
        return False
    letters = set(mode)
    is_whole = len(letters) == len(mode) and letters <= MODE and len(letters & {"r", "w", "x", "a"}) == 1
    is_binary = "b" in letters
    fits = not (is_binary and ("t" in letters or texts != (None, None, None))) and (is_binary or buffering != 0)
    return is_whole and fits and bool(letters & {"w", "x", "+"})


def raw_of(file, mode, closefd, opener):
    if {"a", "+"} <= set(mode) and not isinstance(file, int):
        return Appended(file, opener)
    return File(file, mode.replace("b", "").replace("t", ""), closefd, opener)


def wrapped(raw, mode, buffering, texts):
    """What `open` makes of the bytes of a file."""
    if buffering == 0:
        return raw
    kind = io.BufferedRandom if "+" in mode else io.BufferedWriter
    buffer = kind(raw, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE)
    if "b" in mode:
        return buffer
    text = io.TextIOWrapper(buffer, *texts, buffering == 1)
    text.mode = mode
    return text


def opening(opened):
    """An `open` for such files too."""

    @functools.wraps(opened)
    def open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
        texts = (encoding, errors, newline)
        if not is_ours(mode, buffering, texts):
            return opened(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = raw_of(file, mode, closefd, opener)
        try:
            return wrapped(raw, mode, buffering, texts)
        except BaseException:
            raw.close()
            raise

    return open


@functools.wraps(lseek)
def sought(fd, position, whence, /):
    at = lseek(fd, position, whence)
    if whence == os.SEEK_END:
        lseek(fd, 0, os.SEEK_SET)
        lseek(fd, at, os.SEEK_SET)
    return at


def install():
    os.lseek, io.FileIO = sought, File
