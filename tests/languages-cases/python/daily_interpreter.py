import re, operator
from typing import NamedTuple
class Tok(NamedTuple): kind: str; value: str; pos: int
SPEC = [("NUM", r"\d+(\.\d+)?"), ("ID", r"[A-Za-z_]\w*"), ("OP", r"\*\*|[-+*/()=,]"), ("WS", r"\s+"), ("BAD", r".")]
RX = re.compile("|".join(f"(?P<{n}>{p})" for n, p in SPEC))
def lex(s):
    for m in RX.finditer(s):
        if m.lastgroup == "WS": continue
        if m.lastgroup == "BAD": raise SyntaxError(f"bad {m.group()!r} at {m.start()}")
        yield Tok(m.lastgroup, m.group(), m.start())
    yield Tok("END", "", len(s))
class P:
    PREC = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
    OPS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}
    def __init__(self, s, env): self.t, self.i, self.env = list(lex(s)), 0, env
    def peek(self): return self.t[self.i]
    def take(self, v=None):
        t = self.peek()
        if v and t.value != v: raise SyntaxError(f"expected {v!r}, got {t.value!r} at {t.pos}")
        self.i += 1; return t
    def expr(self, least=0):
        left = self.atom()
        while (op := self.peek().value) in self.PREC and self.PREC[op] > least:
            self.take(); p = self.PREC[op]
            left = self.OPS[op](left, self.expr(p - 1 if op == "**" else p))
        return left
    def atom(self):
        match self.take():
            case Tok("NUM", v): return float(v) if "." in v else int(v)
            case Tok("OP", "-"): return -self.expr(3)
            case Tok("OP", "("): v = self.expr(); self.take(")"); return v
            case Tok("ID", n) if self.peek().value == "(":
                self.take(); args = [self.expr()]
                while self.peek().value == ",": self.take(); args.append(self.expr())
                self.take(")"); return self.env[n](*args)
            case Tok("ID", n): return self.env[n]
            case t: raise SyntaxError(f"unexpected {t.value or 'end'!r} at {t.pos}")
env = {"x": 5, "max": max, "pi": 3.14}
for s in ("1 + 2 * 3", "2 ** 3 ** 2", "-(1 + x) * 2", "max(1, x * 2, 3) / 4", "1 +", "2 $ 3", "(1", "y + 1", "1 / 0", "-2 ** 2"):
    try: print(s, "=", P(s, env).expr())
    except (SyntaxError, KeyError, ZeroDivisionError) as e: print(s, "!", type(e).__name__, e)
