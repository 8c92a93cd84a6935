try:
    raise ExceptionGroup("several", [ValueError("a"), KeyError("b")])
except* ValueError as g:
    a = [str(e) for e in g.exceptions]
except* KeyError as g:
    b = len(g.exceptions)
result = [a, b]
