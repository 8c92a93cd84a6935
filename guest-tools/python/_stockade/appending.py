"""Files that are appended to and read: `open(path, "a+")`.

Of a file that is opened to be appended to, WASI says that its position is its end, wherever it was moved to. So such a file is
opened to be written anywhere, and each write goes to its end first.
"""

import functools
import io
import os

MODE = {"a", "+", "b", "t"}


class Appended(io.FileIO):
    """The bytes of such a file."""

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


def is_appended(file, mode):
    return isinstance(mode, str) and {"a", "+"} <= set(mode) <= MODE and not isinstance(file, int)


def appending(opened):
    """An `open` for such files too."""

    @functools.wraps(opened)
    def opening(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
        is_bytes = is_appended(file, mode) and "b" in mode
        if not is_appended(file, mode) or buffering == 0 and not is_bytes:
            return opened(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = Appended(file, opener)
        if buffering == 0:
            return raw
        buffer = io.BufferedRandom(raw, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE)
        if is_bytes:
            return buffer
        text = io.TextIOWrapper(buffer, encoding, errors, newline, buffering == 1)
        text.mode = mode
        return text

    return opening
