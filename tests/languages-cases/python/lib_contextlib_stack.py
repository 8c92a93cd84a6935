import contextlib
import io

log = []


@contextlib.contextmanager
def resource(name, fails=False):
    log.append(f"open {name}")
    try:
        yield name.upper()
    except ValueError as error:
        log.append(f"{name} saw {error}")
        raise
    finally:
        log.append(f"close {name}")
        if fails:
            raise RuntimeError(f"{name} does not close")


class Timer(contextlib.ContextDecorator):
    def __enter__(self):
        log.append("start")
        return self

    def __exit__(self, kind, error, trace):
        log.append(f"stop {kind.__name__ if kind else 'ok'}")
        return kind is ZeroDivisionError


@Timer()
def divide(a, b):
    return a / b


with contextlib.ExitStack() as stack:
    names = [stack.enter_context(resource(name)) for name in "ab"]
    stack.callback(log.append, "callback")
    stack.push(lambda kind, error, trace: log.append(f"exit {kind}"))
print(names, divide(6, 3), divide(1, 0))
try:
    with resource("c", fails=True), resource("d"):
        raise ValueError("broken")
except RuntimeError as error:
    print(error, "/", error.__context__)
with contextlib.suppress(KeyError, IndexError):
    [][1]
out = io.StringIO()
with contextlib.redirect_stdout(out), contextlib.nullcontext(5) as five:
    print("hidden", five)
with contextlib.closing(io.StringIO("x")) as text:
    pass
print(text.closed, out.getvalue().strip())
log
