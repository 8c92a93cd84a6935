import io
import logging
import logging.config
import logging.handlers

out = io.StringIO()


class Counting(logging.Filter):
    def __init__(self):
        super().__init__()
        self.seen = {}

    def filter(self, record):
        self.seen[record.levelname] = self.seen.get(record.levelname, 0) + 1
        record.user = getattr(record, "user", "-")
        return "secret" not in record.getMessage()


counting = Counting()
handler = logging.StreamHandler(out)
handler.addFilter(counting)
handler.setFormatter(logging.Formatter("{levelname:<8}{name}:{user} {message}", style="{"))
memory = logging.handlers.MemoryHandler(capacity=10, flushLevel=logging.ERROR, target=handler)
log = logging.getLogger("app.db")
logging.getLogger("app").addHandler(memory)
logging.getLogger("app").setLevel("DEBUG")
logging.getLogger("app").propagate = False
log.debug("connect to %s", "db1")
log.info("the secret is %d", 42)
print(repr(out.getvalue()))
log.error("lost %(host)s after %(n)d tries", {"host": "db1", "n": 3}, extra={"user": "bo"})
try:
    1 / 0
except ZeroDivisionError:
    log.exception("division")
adapter = logging.LoggerAdapter(log, {"user": "ann"})
adapter.warning("adapted")
memory.flush()
lines = out.getvalue().splitlines()
print("\n".join(line for line in lines if not line.startswith((" ", "Trace"))))
logging.getLogger("app.web").setLevel(logging.WARNING)
[counting.seen, logging.getLogger("app.web").isEnabledFor(logging.INFO), log.getEffectiveLevel(), logging.getLevelName("ERROR"), lines[-2]]
