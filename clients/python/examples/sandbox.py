from pathlib import Path

from stockade_client import Stockade

with Stockade() as stockade:
    tool = stockade.tools.upload("rules", Path("rules.wasm").read_bytes())
    print(tool["name"], tool["digest"], tool["grants"])
    for event in stockade.sandbox.stream("javascript", "console.log('so far'); return input + 1", input=41):
        if event["event"] == "output":
            print(event["data"]["stream"], event["data"]["text"], end="")
        elif event["event"] == "end":
            run = event["data"]
    print(run["output"])
    fork = stockade.runs.fork(run["run_id"])
    print(stockade.runs.wait(fork["run_id"])["output"])
