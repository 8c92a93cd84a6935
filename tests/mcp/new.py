"""The client of the revision of 2026-07-28, by `mcp` 2. Usage: new.py [URL TOKEN]"""

import asyncio
import json
import os
import subprocess
import sys

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

PROGRAM, DATA = os.environ["STOCKADE_BIN"], os.environ["STOCKADE_DATA"]
ASKED = []


def approve(run: str) -> None:
    """A person approves a run, beside the agent."""
    command = [PROGRAM, "approve", run, "--by", "dana", "--data-dir", DATA]
    subprocess.run(command, check=True, capture_output=True)


async def ask(_context, params) -> ElicitResult:
    ASKED.append(params.url.rsplit("/", 1)[1])
    await asyncio.to_thread(approve, ASKED[-1])
    return ElicitResult(action="accept")


async def use(client: Client) -> None:
    assert client.session.protocol_version == "2026-07-28", client.session.protocol_version
    names = [tool.name for tool in (await client.list_tools()).tools]
    assert {"purchases__find", "payments__refund", "exec__javascript"} <= set(names), names
    found = await client.call_tool("purchases__find", {"user_id": "user_123"})
    assert found.structured_content["result"]["price_cents"] == 14900, found
    paid = await client.call_tool("payments__refund", {"user_id": "user_789", "amount_cents": 9})
    assert paid.structured_content["result"]["amount_cents"] == 9, paid
    assert len(ASKED) == 1, ASKED
    read = await client.read_resource(f"stockade://runs/{ASKED[0]}/result")
    assert json.loads(read.contents[0].text)["amount_cents"] == 9, read


async def main() -> None:
    if len(sys.argv) > 1:
        url, token = sys.argv[1:]
        headers = {"authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            async with Client(streamable_http_client(url, http_client=http), elicitation_callback=ask) as client:
                await use(client)
        print("new.py HTTP: done")
        return
    args = ["mcp", "--data-dir", DATA, "--tools", "purchases,payments", "--languages", "javascript"]
    server = StdioServerParameters(command=PROGRAM, args=[*args, "--page", "http://127.0.0.1:7700"], env=dict(os.environ))
    async with Client(server, elicitation_callback=ask) as client:
        await use(client)
    print("new.py stdio: done")


asyncio.run(main())
