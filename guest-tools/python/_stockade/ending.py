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


def tell(error):
    """Calls the hook for an exception that ends the code, where the code has one of its own."""
    if sys.excepthook is not sys.__excepthook__ and not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)


def end():
    atexit._run_exitfuncs()
