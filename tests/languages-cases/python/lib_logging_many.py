import logging, logging.handlers, logging.config, io, sys
buf = io.StringIO()
root = logging.getLogger(); root.handlers.clear(); root.setLevel(logging.DEBUG)
h = logging.StreamHandler(buf); h.setFormatter(logging.Formatter("%(levelname)-8s|%(name)s|%(funcName)s|%(lineno)d|%(message)s")); root.addHandler(h)
log = logging.getLogger("app.db")
def f():
    log.info("hi %s %d", "x", 5); log.warning("%(a)s", {"a": 1}); log.debug("dict %s", {"k": 1})
    try: 1 / 0
    except ZeroDivisionError: log.exception("failed")
    log.error("stack", exc_info=False, extra={"user": "u"}); log.log(25, "custom"); log.critical("c")
f()
print(buf.getvalue()[:300]); print("Traceback" in buf.getvalue(), buf.getvalue().count("\n"))
logging.addLevelName(25, "NOTICE"); print(logging.getLevelName(25), logging.getLevelName("INFO"), log.getEffectiveLevel(), log.parent.name, log.isEnabledFor(10))
class F(logging.Filter):
    def filter(self, r): r.extra = "E"; return "secret" not in r.getMessage()
mh = logging.handlers.MemoryHandler(10, logging.ERROR, logging.StreamHandler(sys.stdout)); mh.addFilter(F()); log2 = logging.getLogger("m"); log2.propagate = False; log2.addHandler(mh)
log2.info("secret 1"); log2.info("a"); print("before"); log2.error("b"); mh.close()
fh = logging.handlers.RotatingFileHandler("/tmp/r.log", maxBytes=50, backupCount=2); log3 = logging.getLogger("r"); log3.propagate = False; log3.addHandler(fh)
for i in range(6): log3.warning("line number %d ......", i)
fh.close(); import os; print(sorted(n for n in os.listdir("/tmp") if n.startswith("r.log")), open("/tmp/r.log").read())
logging.config.dictConfig({"version": 1, "formatters": {"s": {"format": "{levelname}:{message}", "style": "{"}}, "handlers": {"c": {"class": "logging.StreamHandler", "formatter": "s", "stream": "ext://sys.stdout"}}, "loggers": {"cfg": {"handlers": ["c"], "level": "INFO", "propagate": False}}})
c = logging.getLogger("cfg"); c.debug("no"); c.info("yes"); logging.LoggerAdapter(c, {"id": 1}).info("adapted")
print(logging.Formatter("%(asctime)s", "%Y").format(logging.makeLogRecord({"created": 0})), repr(log), repr(h)[:15])
logging.disable(logging.CRITICAL); c.critical("none"); logging.disable(logging.NOTSET)
try: log.setLevel("NOPE")
except ValueError as e: print(e)
logging.getLogger("child").getChild("x").name
