"""Makes the blocking client of the one for asyncio. Usage: python unasync.py [--check]"""

import re
import sys
from pathlib import Path

WORDS = {
    "async def": "def",
    "async for": "for",
    "async with": "with",
    "await ": "",
    "AsyncGenerator[list[Event], None]": "Generator[list[Event], None, None]",
    "AsyncGenerator": "Generator",
    "AsyncIterator": "Iterator",
    "AsyncClient": "Client",
    "_AsyncTransport": "_Transport",
    "AsyncRuns": "Runs",
    "AsyncApprovals": "Approvals",
    "AsyncSandbox": "Sandbox",
    "AsyncTools": "Tools",
    "AsyncLongTerm": "LongTerm",
    "AsyncStockade": "Stockade",
    "asyncio.sleep": "time.sleep",
    "import asyncio\n": "",
    "aclosing": "closing",
    "aclose": "close",
    "aread": "read",
    "aiter_bytes": "iter_bytes",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    ", for asyncio.": ".",
}
HEAD = '"""The client for asyncio. ``unasync.py`` makes the other one of it."""\n'
MADE = '"""The blocking client: ``unasync.py`` has made it of ``_async.py``."""\n'

package = Path(__file__).parent / "src" / "stockade_client"
word = re.compile("|".join(rf"\b{re.escape(each)}" if each[0].isalpha() else re.escape(each) for each in WORDS))


def made() -> str:
    source = (package / "_async.py").read_text()
    return word.sub(lambda found: WORDS[found.group()], source.replace(HEAD, MADE))


if __name__ == "__main__":
    target = package / "_sync.py"
    if "--check" not in sys.argv:
        target.write_text(made())
    elif target.read_text() != made():
        sys.exit(f"{target} is not what unasync.py makes of _async.py")
