"""The twin of a function of the code: a generator that does the same, and can be left where it waits.

Each call `f(x)` in it becomes `(yield from __made__.steps) if __is_pending__(__made__ := __in_steps__(f)(x)) else __made__`, in
which `__in_steps__` is `strands.called`: what may wait is called in steps too, and any other function is itself. `with a` becomes
`with (yield from __entered__(a))`, a comprehension a function of its own, and `for x in iter(f, end)` a `while`: both may wait.
The twin has the variables, the lines and the names of the function. A coroutine, a generator and a function whose source is not
there have none.
"""

import ast
import builtins
import copy
import inspect
import linecache
import sys
import types

from _stockade import waiting

# What asks for the frame that it is called from.
OF_FRAME = {"super", "locals", "vars", "dir", "eval", "exec", "globals"}
OF_NAMES = {"locals", "vars", "dir"}
MADE, COMPREHENSIONS = "__made__", (ast.ListComp, ast.SetComp, ast.DictComp)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp, *COMPREHENSIONS)
NO_TWIN = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
trees, codes = {}, {}


def of(function):
    """The twin of a function of the code, if it has one."""
    code = function.__code__
    return None if code.co_flags & NO_TWIN or is_of_library(code.co_filename) else twin(function)


def twin(function):
    """The twin of a function, if it has one."""
    code = function.__code__
    place = (code.co_filename, code.co_firstlineno, code.co_qualname, positions(code) if code.co_name == "<lambda>" else ())
    if place not in codes:
        codes[place] = made(code)
    steps, cells = codes[place], dict(zip(code.co_freevars, function.__closure__ or ()))
    if steps is None or not cells.keys() >= set(steps.co_freevars):
        return None
    closure = tuple(cells[name] for name in steps.co_freevars)
    found = types.FunctionType(steps, function.__globals__, function.__name__, function.__defaults__, closure)
    found.__kwdefaults__, found.__qualname__ = function.__kwdefaults__, function.__qualname__
    return found


def made(code):
    """The code of a twin."""
    try:
        tree = tree_of(code.co_filename)
        node, owner = (find_lambda if code.co_name == "<lambda>" else find)(tree, code)
    except (SyntaxError, LookupError):
        return None
    node = function_of(copy.deepcopy(node), code)
    if not any(isinstance(one, (ast.Call, ast.With)) for one in ast.walk(node)):
        return None
    Forming().form(node)
    return compiled(node, owner, code)


def is_of_library(file):
    return file.startswith(tuple(f"{path}/" for path in sys.path if path not in ("", "/")))


def tree_of(file):
    if file not in trees:
        source = "".join(linecache.getlines(file))
        if not source or file.startswith("<frozen"):
            raise LookupError(file)
        trees[file] = waiting.formed(ast.parse(source, file), source)
    return trees[file]


def owned(tree, owner=None):
    """All nodes, each with the class that it is in."""
    for node in ast.iter_child_nodes(tree):
        yield node, owner
        yield from owned(node, node.name if isinstance(node, ast.ClassDef) else owner)


def find(tree, code):
    for node, owner in owned(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            if code.co_firstlineno == min([node.lineno, *(one.lineno for one in node.decorator_list)]):
                return node, owner
    raise LookupError(code.co_name)


def positions(code):
    """The beginning and the end of what a function does, as lines and columns."""
    known = [one for one in code.co_positions() if None not in one and (one[0], one[2]) < (one[1], one[3])]
    return min(((one[0], one[2]) for one in known), default=(0, 0)), max(((one[1], one[3]) for one in known), default=(0, 0))


def find_lambda(tree, code):
    """The smallest `lambda` around what the function does."""
    begin, end = positions(code)
    around = [(node, owner) for node, owner in owned(tree) if isinstance(node, ast.Lambda)
              and (node.body.lineno, node.body.col_offset) <= begin and end <= (node.body.end_lineno, node.body.end_col_offset)]
    if not around:
        raise LookupError(code.co_name)
    return max(around, key=lambda one: (one[0].lineno, one[0].col_offset))


def function_of(node, code):
    """A function without what is done when it is defined."""
    if isinstance(node, ast.Lambda):
        value = ast.copy_location(ast.Return(node.body), node.body)
        node = ast.copy_location(ast.FunctionDef("__lambda__", node.args, [value], []), node)
    node.decorator_list, node.returns, node.type_params = [], None, []
    arguments = node.args
    for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
        if one is not None:
            one.annotation = None
    arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
    arguments.kw_defaults = [one and ast.Constant(None) for one in arguments.kw_defaults]
    return node


def compiled(node, owner, code):
    """Compiles a twin where names are what they are to the function: those of a class are mangled."""
    outer = ast.parse("def __outer__(): pass").body[0]
    outer.args.args = [ast.arg(name) for name in code.co_freevars]
    outer.body = [node]
    body = outer
    if owner is not None:
        body = ast.parse("class _: pass").body[0]
        body.name, body.body = owner, [outer]
    tree = ast.fix_missing_locations(ast.Module([body], []))
    found = compile(tree, code.co_filename, "exec", dont_inherit=True)
    for _ in range(2 if owner is None else 3):
        found = next(one for one in found.co_consts if isinstance(one, types.CodeType))
    return found.replace(co_name=code.co_name, co_qualname=code.co_qualname)


def without_made(names):
    """What tells of names, without those of the twin."""
    if type(names) is dict:
        return {name: value for name, value in names.items() if not str(name).startswith("__made_")} if MADE in names else names
    return [name for name in names if not name.startswith("__made_")] if type(names) is list else names


def load(name):
    return ast.Name(name, ast.Load())


def store(name):
    return ast.Name(name, ast.Store())


class Forming(ast.NodeTransformer):
    """Writes a function as its twin."""

    def __init__(self):
        self.count, self.functions = 0, []

    def form(self, function):
        block = self.generic_visit(ast.If(ast.Constant(True), function.body, []))
        function.body = [*self.functions, *block.body]
        # What has no call left that waits is a generator all the same.
        function.body.insert(0, ast.parse("if False: yield").body[0])

    def visit(self, node):
        if isinstance(node, COMPREHENSIONS):
            return self.comprehension(node)
        if isinstance(node, SCOPES):
            return node
        return super().visit(node)

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in OF_FRAME:
            return located(ast.Call(load("__without_made__"), [node], []), node) if node.func.id in OF_NAMES else node
        node.func = ast.copy_location(ast.Call(load("__in_steps__"), [node.func], []), node.func)
        value = ast.NamedExpr(store(MADE), node)
        waits = ast.YieldFrom(ast.Attribute(load(MADE), "steps", ast.Load()))
        return located(ast.IfExp(ast.Call(load("__is_pending__"), [value], []), waits, load(MADE)), node)

    def visit_With(self, node):
        self.generic_visit(node)
        for item in node.items:
            item.context_expr = located(ast.YieldFrom(ast.Call(load("__entered__"), [item.context_expr], [])), item.context_expr)
        return node

    def visit_For(self, node):
        given = node.iter
        is_iter = isinstance(given, ast.Call) and isinstance(given.func, ast.Name) and given.func.id == "iter"
        if not is_iter or len(given.args) != 2:
            return self.generic_visit(node)
        self.count += 1
        function, end, value = (f"__made_{what}_{self.count}__" for what in ("function", "end", "value"))
        next_one = ast.NamedExpr(store(value), ast.Call(load(function), [], []))
        test = ast.UnaryOp(ast.Not(), ast.Compare(next_one, [ast.Eq()], [load(end)]))
        body = [ast.Assign([node.target], load(value)), *node.body]
        node = self.generic_visit(located(ast.While(test, body, node.orelse), node))
        first = ast.Assign([ast.Tuple([store(function), store(end)], ast.Store())],
                           self.generic_visit(ast.Tuple(given.args, ast.Load())))
        return [located(first, given), node]

    def comprehension(self, node):
        """A function in place of a comprehension, if something is called in it."""
        inner = list(ast.walk(node))
        calls = any(isinstance(one, ast.Call) for one in inner)
        first = node.generators[0]
        if not calls or any(isinstance(one, (ast.NamedExpr, ast.Await, *SCOPES)) and one is not node or one_is_super(one)
                            or isinstance(one, ast.comprehension) and one.is_async for one in inner):
            first.iter = self.visit(first.iter)
            return node
        self.count += 1
        name = f"__made_{self.count}__"
        self.functions.append(located(self.looped(node, name), node))
        return located(ast.YieldFrom(ast.Call(load(name), [self.visit(first.iter)], [])), node)

    def looped(self, node, name):
        kind = {ast.ListComp: ("[]", "append"), ast.SetComp: ("set()", "add"), ast.DictComp: ("{}", "__setitem__")}[type(node)]
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        made = Forming()
        add = ast.Expr(ast.Call(ast.Attribute(load("__all__"), kind[1], ast.Load()), [made.visit(one) for one in values], []))
        for number, part in reversed(list(enumerate(node.generators))):
            for test in reversed(part.ifs):
                add = ast.If(made.visit(test), [add], [])
            add = ast.For(part.target, made.visit(part.iter) if number else load("__first__"), [add], [])
        function = ast.parse(f"def {name}(__first__):\n if False: yield\n __all__ = {kind[0]}\n return __all__").body[0]
        function.body.insert(2, add)
        return function


def one_is_super(node):
    return isinstance(node, ast.Name) and node.id in OF_FRAME


def located(node, place):
    """A node with all that is new in it where another is."""
    for one in ast.walk(node):
        if "lineno" in one._attributes and not hasattr(one, "lineno"):
            ast.copy_location(one, place)
    return node


def install(called, is_pending, entered):
    builtins.__without_made__ = without_made
    builtins.__in_steps__, builtins.__is_pending__, builtins.__entered__ = called, is_pending, entered
