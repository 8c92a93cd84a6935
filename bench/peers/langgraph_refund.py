"""The refund workflow on LangGraph, with its SQLite checkpointer. Usage: langgraph_refund.py FOLDER sync|async

The second argument is LangGraph's `durability`: with `sync` a step is written before the next one begins, as in Stockade; with
`async`, which is its default, while the next one runs."""

import asyncio
import sys
import uuid
from pathlib import Path
from typing import TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

import peer
from shop import Shop, customer


class Refund(TypedDict, total=False):
    run: str
    user_id: str
    request: str
    purchase: dict
    within_window: bool
    needs_approval: bool
    approved: bool
    reference: int
    letter: str


def graph(shop):
    """A node for each tool, and one that asks a person."""

    def find(state: Refund):
        return {"purchase": shop.find(state["user_id"])}

    def window(state: Refund):
        return {"within_window": shop.within_window(state["purchase"]["days_ago"])}

    def limit(state: Refund):
        return {"needs_approval": shop.needs_approval(state["purchase"]["price_cents"])}

    def ask(state: Refund):
        return {"approved": interrupt({"amount_cents": state["purchase"]["price_cents"]})}

    def refund(state: Refund):
        key = f"{state['run']}/refund"
        return {"reference": shop.refund(key, state["user_id"], state["purchase"]["price_cents"])}

    def letter(state: Refund):
        if "reference" in state:
            return {"letter": shop.letter("processed", state["purchase"]["price_cents"])}
        return {"letter": shop.letter("declined" if state["within_window"] else "too_old")}

    builder = StateGraph(Refund)
    for node in (find, window, limit, ask, refund, letter):
        builder.add_node(node.__name__, node)
    builder.add_edge(START, "find")
    builder.add_edge("find", "window")
    builder.add_conditional_edges("window", lambda state: "limit" if state["within_window"] else "letter", ["limit", "letter"])
    builder.add_conditional_edges("limit", lambda state: "ask" if state["needs_approval"] else "refund", ["ask", "refund"])
    builder.add_conditional_edges("ask", lambda state: "refund" if state["approved"] else "letter", ["refund", "letter"])
    builder.add_edge("refund", "letter")
    builder.add_edge("letter", END)
    return builder


async def one(refunds, number, durability):
    run = str(uuid.uuid4())
    config = {"configurable": {"thread_id": run}}
    begin = {"run": run, "user_id": customer(number), "request": "not what I expected"}
    state = await refunds.ainvoke(begin, config, durability=durability)
    if "__interrupt__" in state:
        state = await refunds.ainvoke(Command(resume=True), config, durability=durability)
    assert state["letter"], state


async def mix(refunds, runs, in_flight, durability):
    numbers = iter(range(runs))

    async def worker():
        for number in numbers:
            await one(refunds, number, durability)

    await asyncio.gather(*(worker() for _ in range(in_flight)))


def main():
    folder, durability = Path(sys.argv[1]), sys.argv[2]
    loop = asyncio.new_event_loop()
    opened = AsyncSqliteSaver.from_conn_string(str(folder / "journal.db"))

    async def begin():
        saver = await opened.__aenter__()
        await saver.setup()
        return saver

    async def pragma(name):
        async with saver.conn.execute(f"PRAGMA {name}") as cursor:
            return (await cursor.fetchone())[0]

    saver = loop.run_until_complete(begin())
    settings, survives = peer.sqlite_settings(lambda name: loop.run_until_complete(pragma(name)))
    refunds = graph(Shop(folder / "shop.db")).compile(checkpointer=saver)
    if durability == "async":
        survives = f"{survives}, but for the last step"
    peer.serve(f"{settings}, durability={durability}", survives,
               lambda runs, in_flight: loop.run_until_complete(mix(refunds, runs, in_flight, durability)))
    loop.run_until_complete(opened.__aexit__(None, None, None))


main()
