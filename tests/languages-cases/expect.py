"""Writes what the programs of python/ do in the Python that runs this: `python3 tests/languages-cases/expect.py`.

What a program is given stands in its expectation already, as `input`. Programs whose expectations have `tools` or `by_hand`
are left out: the language itself has no tools, and does otherwise on purpose. Of an exception only what all implementations share is written: its name, its message where it is
short (a module that is not there is told in more words by the guest), its line.
"""

import ast
import atexit
import contextlib
import io
import json
import pathlib
import subprocess
import sys

folder = pathlib.Path(__file__).parent / "python"
# The module `chart`, which our Python has beside the library of the language.
sys.path.append(str(folder.parent.parent.parent / "guest-tools/python"))
sys.dont_write_bytecode = True


def run(path):
    """Runs one program in a process of its own, and returns what it did."""
    source, wanted = path.read_text(), path.with_suffix(".json")
    given = json.loads(wanted.read_text()).get("input") if wanted.exists() else None
    tree = ast.parse(source)
    has_value = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
    variables = {"__name__": "__main__", "input": given}
    last = ast.Expression(tree.body.pop().value) if has_value else None
    exec(compile(tree, path.name, "exec"), variables)
    value = eval(compile(last, path.name, "eval"), variables) if last else None
    return variables.get("result", value)


def one(path):
    source = path.read_text()
    kept = json.loads(path.with_suffix(".json").read_text()) if path.with_suffix(".json").exists() else {}
    expected = {"input": kept["input"]} if "input" in kept else {}
    try:
        ast.parse(source)
    except SyntaxError as error:
        return expected | {"error": {"syntax": True, "name": type(error).__name__, "line": error.lineno}}
    done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return expected | told | ({"stderr": done.stderr} if done.stderr else {})


def child(path):
    printed = io.StringIO()
    sys.argv = [path.name]
    told = {}
    with contextlib.redirect_stdout(printed):
        try:
            told["output"] = run(path)
        except Exception as error:
            at = error.__traceback__
            line = None
            while at:
                if at.tb_frame.f_code.co_filename == path.name:
                    line = at.tb_lineno
                at = at.tb_next
            told["error"] = {"syntax": False, "name": type(error).__name__, "line": line}
            if len(str(error)) < 60 and type(error).__name__ not in ("RecursionError", "ModuleNotFoundError"):
                told["error"]["message"] = str(error)
        atexit._run_exitfuncs()
    if printed.getvalue() or "error" not in told:
        told["stdout"] = printed.getvalue()
    json.dump(told, sys.stdout, ensure_ascii=False)


if len(sys.argv) > 1:
    child(pathlib.Path(sys.argv[1]))
else:
    for path in sorted(folder.glob("*.py")):
        kept = path.with_suffix(".json")
        if kept.exists() and {"tools", "by_hand"} & set(json.loads(kept.read_text())):
            continue
        path.with_suffix(".json").write_text(json.dumps(one(path), ensure_ascii=False) + "\n")
