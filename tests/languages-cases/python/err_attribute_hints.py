import collections, math
class Cat: 
    def __init__(self): self.colour = 1
    def meow(self): pass
for s in ("Cat().color", "Cat().meoww()", "mth.sqrt(2)", "prnt(1)", "collections.OrderedDct", "[].push(1)", "'a'.lenght", "math.squareroot", "import_x", "None.split", "Cat.nope", "Cat().meow(1)", "Cat(1)", "(lambda a, b=1, *, c: 0)()", "(lambda a: 0)(1, 2)", "(lambda *, c: 0)(1)", "(lambda a: 0)(b=1)", "(lambda a, /: 0)(a=1)", "dict(1)", "int('x', base=10)", "[1,2,3]['a']", "'abc'['a']", "{'a': 1}.a", "(1, 2).sort()", "5()", "'s'()", "len", "range(3)[5]", "print.x", "x = 1", "def f(: pass", "for", "a b", "1 + ", "(1, 2", "'abc", "f'{'", "f'{x!q}'", "f'{}'", "lambda: (yield)", "await x", "return", "break", "a = = 1", "if x = 1: pass", "print 'x'", "1 = x", "f() = 1", "import a.b as", "class", "x: int: str", "def f(a, a): pass", "def f(a=1, b): pass", "f(a=1, 2)", "f(**k, *a)", "nonlocal x", "{1: 2, 3}", "[x for]", "else: pass", "try: pass", "x +=", "0777", "1_", "1__0", "0xg", "'\\N{nope}'", "'\\x1'", "b'é'", "\tif 1:\n  pass", "None = 1", "del f()", "with open('f') as 1: pass", "match x:\n case a: pass\n case b: pass", "async def f(): [await x for x in y]; yield; return 1", "from __future__ import nope", "from x import *; def f(): pass", "a, b += 1", "*a = 1", "not = 5", "true", "null", "i++", "x = 5;;", "“x”", "x\u00a0= 1", "if True:\nprint(1)"):
    try:
        exec(s) if not s.startswith(("def", "class")) else exec(s)
        print(s.__repr__(), "fine")
    except BaseException as e:
        print(repr(s), type(e).__name__, e)
