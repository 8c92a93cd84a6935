from stockade_client import Stockade

with Stockade() as stockade:
    order = {"user_id": "user_123", "request": "not what I expected"}
    run = stockade.runs.start("refund", order, key="order-7")
    run = stockade.runs.wait(run["run_id"])
    for question in stockade.approvals.list(run=run["run_id"]):
        print(question["tool"], question["arguments"], question["reason"])
        stockade.approvals.approve(question, comment="fine")
    for event in stockade.runs.events(run["run_id"]):
        print(event["data"]["status"] if event["event"] == "end" else event["data"]["change"])
    code = "return (await purchases.find({user_id: input})).price_cents"
    print(stockade.sandbox.run("javascript", code, input="user_123", tools=["purchases"])["output"])
