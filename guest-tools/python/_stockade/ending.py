"""What code wants to be done when it ends: a cell ends as a process does."""

import atexit
import sys

register = atexit.register


def registering(func, *args, **kwargs):
    """Registers what the code itself asks for. What a module asks for is for the end of a process, and a session has cells after it."""
    if sys._getframe(1).f_globals is vars(sys.modules["__main__"]):
        register(func, *args, **kwargs)
    return func


def install():
    atexit._clear()
    atexit.register = registering


def end():
    atexit._run_exitfuncs()
