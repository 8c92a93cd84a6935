import inspect, traceback, warnings, sys, logging, io
def f(x):
    """Doc of f."""
    return x + 1
print(inspect.getsource(f))
try:
    print(inspect.getsourcelines(f)[1], inspect.getdoc(f), inspect.getsourcefile(f))
except Exception as e: print(type(e).__name__, e)
try:
    f("a")
except TypeError:
    print(traceback.format_exc())
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always"); warnings.warn("careful", DeprecationWarning); print(w[0].category.__name__, w[0].message, w[0].lineno, w[0].filename)
print(inspect.signature(f), f.__code__.co_filename, inspect.stack()[0].lineno, inspect.currentframe().f_code.co_name, sys._getframe().f_lineno)
h = logging.StreamHandler(sys.stdout); h.setFormatter(logging.Formatter("%(filename)s:%(lineno)d %(module)s %(pathname)s %(message)s")); logging.getLogger("z").addHandler(h); logging.getLogger("z").warning("w")
class K:
    def m(self): return inspect.getsource(K.m).strip()
print(K().m())
try:
    try: {}["k"]
    except KeyError as e: raise ValueError("outer") from e
except ValueError as e:
    traceback.print_exc(file=sys.stdout); print(traceback.extract_tb(e.__traceback__)[0].line, e.__traceback__.tb_lineno, "".join(traceback.format_exception_only(e)))
e = ValueError("x"); e.add_note("a note"); print("".join(traceback.format_exception(e)))
try: raise ExceptionGroup("g", [ValueError(1), ExceptionGroup("h", [TypeError(2)])])
except* TypeError as g: print("".join(traceback.format_exception(g)))
except* ValueError as g: print(g.exceptions)
