def handle(event):
    match event:
        case {"type": "refund", "amount": int(a)} if a > 100:
            return f"approve {a}"
        case {"type": "refund", "amount": a}:
            return f"auto {a}"
        case [x, *rest]:
            return f"list {x} +{len(rest)}"
        case "ping" | "pong":
            return "alive"
        case _:
            return "unknown"
result = [handle(e) for e in ({"type": "refund", "amount": 149}, {"type": "refund", "amount": 5}, [1, 2, 3], "pong", 7)]
