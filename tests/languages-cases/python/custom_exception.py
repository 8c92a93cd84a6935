class PolicyError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
def check(amount):
    if amount > 100:
        raise PolicyError(7, f"{amount} is too much")
    return "ok"
out = [check(5)]
try:
    check(500)
except PolicyError as e:
    out.append((e.code, str(e)))
finally:
    out.append("done")
result = out
