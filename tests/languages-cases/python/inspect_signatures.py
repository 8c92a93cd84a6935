import ast
import inspect
import types


def plugin(name, /, *args: int, retries: int = 3, **options) -> bool:
    """Runs a plugin.

    More words.
    """
    return bool(args)


def describe(function):
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        default = "required" if parameter.default is parameter.empty else repr(parameter.default)
        yield f"{parameter.name}: {parameter.kind.description}, {default}"


print(inspect.signature(plugin), inspect.getdoc(plugin).splitlines()[-1], *describe(plugin), sep="\n")
bound = inspect.signature(plugin).bind("x", 1, 2, color="red")
bound.apply_defaults()
print(bound.arguments)
SOURCE = "total = price * 2 + sum(x for x in values if x > limit)\nprint(os.getcwd(), eval('1'))"
tree = ast.parse(SOURCE)
names = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)})
calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


class Doubled(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node) if isinstance(node.value, int) else node


ALLOWED = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.operator, ast.unaryop)


def safe(text):
    parsed = ast.parse(text, mode="eval")
    for node in ast.walk(parsed):
        if not isinstance(node, ALLOWED):
            raise ValueError(f"{type(node).__name__} is not allowed")
    return eval(compile(parsed, "safe", "eval"), {"__builtins__": {}})


changed = ast.unparse(ast.fix_missing_locations(Doubled().visit(tree)))
print(changed.splitlines()[0], calls)
results = []
for text in ("2 ** 10 - -1", "__import__('os')", "[1][0]", "1 +"):
    try:
        results.append(safe(text))
    except (ValueError, SyntaxError) as error:
        results.append(type(error).__name__)
space = types.SimpleNamespace(a=1, **{"b": [2]})
[names, results, ast.literal_eval("{'a': (1, -2.5, None)}"), space == types.SimpleNamespace(b=[2], a=1), inspect.isgeneratorfunction(describe), [name for name, _ in inspect.getmembers(space) if not name.startswith("_")]]
