"""The refund workflow on LangGraph, with its SQLite checkpointer. Usage: langgraph_refund.py FOLDER sync|async

The second argument is LangGraph's `durability`: with `sync` a step is written before the next one begins, as in Stockade; with
`async`, which is its default, while the next one runs. The saver that is not asynchronous takes less of the processor for a run,
with 64 in flight too (7.8 ms beside 12), so it is the one that is measured."""

import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
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


def one(refunds, number, durability):
    run = str(uuid.uuid4())
    config = {"configurable": {"thread_id": run}}
    begin = {"run": run, "user_id": customer(number), "request": "not what I expected"}
    state = refunds.invoke(begin, config, durability=durability)
    if "__interrupt__" in state:
        state = refunds.invoke(Command(resume=True), config, durability=durability)
    assert state["letter"], state


def main():
    folder, durability = Path(sys.argv[1]), sys.argv[2]
    with SqliteSaver.from_conn_string(str(folder / "journal.db")) as saver:
        saver.setup()
        settings, survives = peer.sqlite_settings(lambda name: saver.conn.execute(f"PRAGMA {name}").fetchone()[0])
        refunds = graph(Shop(folder / "shop.db")).compile(checkpointer=saver)
        if durability == "async":
            survives = f"{survives}, but for the last step"

        def mix(runs, in_flight):
            with ThreadPoolExecutor(in_flight) as pool:
                for _ in pool.map(lambda number: one(refunds, number, durability), range(runs)):
                    pass

        peer.serve(f"{settings}, durability={durability}", survives, mix)


main()
