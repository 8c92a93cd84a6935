import ast, inspect, dis, io, tokenize, keyword, symtable, codeop, types, typing, contextlib
t = ast.parse("def f(a, *b, c=1, **d):\n    'doc'\n    return a + c if a else [x for x in b]\nclass K(Base): pass\nimport os as o\n")
print(ast.dump(t.body[2]), ast.unparse(t), ast.get_docstring(t.body[0]), [type(n).__name__ for n in ast.walk(t)][:8])
class V(ast.NodeVisitor):
    def __init__(s): s.names = []
    def visit_Name(s, n): s.names.append(n.id); s.generic_visit(n)
v = V(); v.visit(t); print(v.names)
class T(ast.NodeTransformer):
    def visit_Constant(s, n): return ast.copy_location(ast.Constant(n.value + 1), n) if isinstance(n.value, int) else n
print(ast.unparse(T().visit(ast.parse("x = 1 + 2"))), eval(compile(ast.fix_missing_locations(ast.Expression(T().visit(ast.parse("3 * 4", mode="eval").body))), "", "eval")))
for s in ("[1, {'a': (2,)}, -3, None]", "1 + 2j", "f()", "a", "{1, 2}", "'a' 'b'", "1 +", "[1] * 3"):
    try: print(ast.literal_eval(s))
    except Exception as e: print(type(e).__name__)
def f(a: int, b: str = "x", /, *args: float, k: bool = True, **kw) -> list[int]: "Doc"; return []
s = inspect.signature(f); print(s, [(p.name, p.kind.name, p.default is p.empty) for p in s.parameters.values()], s.return_annotation, inspect.getfullargspec(f).kwonlydefaults, typing.get_type_hints(f), f.__annotations__ == inspect.get_annotations(f))
b = s.bind(1, "y", 2.0, z=1); b.apply_defaults(); print(b.arguments, b.args, b.kwargs)
try: s.bind()
except TypeError as e: print(e)
class A:
    def m(self): ...
    @classmethod
    def c(cls): ...
    @staticmethod
    def s(): ...
    p = property(lambda self: 1)
print([(n, type(x).__name__) for n, x in inspect.getmembers(A) if not n.startswith("__")], inspect.isfunction(A.m), inspect.ismethod(A().m), inspect.isclass(A), inspect.getmro(bool), inspect.isgeneratorfunction(f), callable(A), inspect.getattr_static(A, "s").__class__.__name__)
print([t.string for t in tokenize.generate_tokens(io.StringIO("x = 1 # c\n").readline)][:4], keyword.iskeyword("match"), keyword.softkwlist, codeop.compile_command("if 1:") is None, f.__code__.co_varnames, f.__defaults__, f.__kwdefaults__, (lambda x: x).__code__.co_argcount)
ns = {}; exec("y = x * 2\ndef g(): return y", {"x": 5}, ns); print(ns["y"], sorted(ns)); print(eval("a + b", {"a": 1}, {"b": 2}))
def clos():
    n = 0
    def inc(): nonlocal n; n += 1; return n
    return inc
c = clos(); c(); print(c(), c.__closure__[0].cell_contents, c.__code__.co_freevars, inspect.getclosurevars(c).nonlocals)
with contextlib.redirect_stdout(io.StringIO()) as o: print("hid"); 
print(o.getvalue())
m = types.ModuleType("mm", "d"); exec("z = 1", m.__dict__); print(m.z, m, m.__doc__)
def outer(): 
    x = 1; print(sorted(locals()), "x" in globals()); return [locals().get("x") for _ in "a"]
print(outer(), typing.get_origin(list[int]), typing.get_args(dict[str, int]), typing.Optional[int] == (int | None))
