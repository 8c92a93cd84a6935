"""The client of the revision of 2025-11-25, by `mcp` 1. Usage: old.py [URL TOKEN]"""

import asyncio
import os
import subprocess
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client

PROGRAM, DATA = os.environ["STOCKADE_BIN"], os.environ["STOCKADE_DATA"]


async def use(read, write) -> None:
    async with ClientSession(read, write) as session:
        begun = await session.initialize()
        assert begun.protocolVersion == "2025-11-25", begun
        names = [tool.name for tool in (await session.list_tools()).tools]
        assert {"purchases__find", "payments__refund", "exec__javascript"} <= set(names), names
        found = await session.call_tool("purchases__find", {"user_id": "user_123"})
        assert found.structuredContent["result"]["price_cents"] == 14900, found
        waiting = await session.call_tool("payments__refund", {"user_id": "user_789", "amount_cents": 11})
        run = waiting.structuredContent["run"]["run_id"]
        command = [PROGRAM, "approve", run, "--by", "dana", "--data-dir", DATA]
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
        paid = await session.call_tool("run_status", {"run_id": run})
        assert paid.structuredContent["result"]["amount_cents"] == 11, paid


async def main() -> None:
    if len(sys.argv) > 1:
        url, token = sys.argv[1:]
        async with streamablehttp_client(url, headers={"authorization": f"Bearer {token}"}) as (read, write, _):
            await use(read, write)
        print("old.py HTTP: done")
        return
    args = ["mcp", "--data-dir", DATA, "--tools", "purchases,payments", "--languages", "javascript"]
    server = StdioServerParameters(command=PROGRAM, args=args, env=dict(os.environ))
    async with stdio_client(server) as (read, write):
        await use(read, write)
    print("old.py stdio: done")


asyncio.run(main())
