"""A client of a Stockade server: runs, live events, approvals, and sandboxed code.

>>> with Stockade() as stockade:
...     ran = stockade.sandbox.run("javascript", "return 6 * input", input=7)
"""

from ._async import AsyncApprovals, AsyncLongTerm, AsyncRuns, AsyncSandbox, AsyncStockade, AsyncTools
from ._requests import Retry
from ._sync import Approvals, LongTerm, Runs, Sandbox, Stockade, Tools
from .errors import Problem, StockadeError, TimedOut, Unreachable

__all__ = [
    "Approvals",
    "AsyncApprovals",
    "AsyncLongTerm",
    "AsyncRuns",
    "AsyncSandbox",
    "AsyncStockade",
    "AsyncTools",
    "LongTerm",
    "Problem",
    "Retry",
    "Runs",
    "Sandbox",
    "Stockade",
    "StockadeError",
    "TimedOut",
    "Tools",
    "Unreachable",
]
