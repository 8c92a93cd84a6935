from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
import io
told = []

@contextmanager
def step(name):
    told.append(f"+{name}")
    try:
        yield name.upper()
    finally:
        told.append(f"-{name}")

with suppress(KeyError), step("a") as a:
    {}["x"]
with ExitStack() as stack:
    names = [stack.enter_context(step(name)) for name in "bc"]
text = io.StringIO()
with redirect_stdout(text):
    print("kept")
[told, a, names, text.getvalue()]
