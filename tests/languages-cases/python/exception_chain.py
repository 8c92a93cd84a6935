def load(text):
    try:
        return int(text)
    except ValueError as e:
        raise RuntimeError("bad input") from e
try:
    load("x")
except RuntimeError as e:
    result = [str(e), type(e.__cause__).__name__]
