"""A client of a Stockade server: runs, live events, approvals, and sandboxed code.

>>> with Stockade() as stockade:
...     ran = stockade.sandbox.run("javascript", "return 6 * input", input=7)
"""

from ._async import AsyncApprovals, AsyncRuns, AsyncSandbox, AsyncStockade, AsyncTools
from ._requests import Retry
from ._sync import Approvals, Runs, Sandbox, Stockade, Tools
from .errors import Problem, StockadeError, TimedOut, Unreachable

__all__ = [
    "Approvals",
    "AsyncApprovals",
    "AsyncRuns",
    "AsyncSandbox",
    "AsyncStockade",
    "AsyncTools",
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
