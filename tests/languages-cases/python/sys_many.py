import sys, os, platform, gc, site, sysconfig
print(sys.byteorder, sys.maxunicode, sys.float_info.max, sys.int_info.default_max_str_digits, sys.getrecursionlimit(), sys.implementation.name, sys.version_info >= (3, 13), sys.flags.utf8_mode in (0, 1), sys.getdefaultencoding(), sys.getfilesystemencoding(), sys.stdout.isatty(), sys.getsizeof(1) > 0, sys.getrefcount([]) >= 0, sys.intern("a"), sys.hexversion > 0, sys.exc_info(), sys.maxsize == 2**63 - 1, len(sys.argv), sys.hash_info.width in (32, 64), sys.thread_info.name is None or True, sys.call_tracing is not None, sys.platform in ("linux", "wasi"))
print("stdin", repr(sys.stdin.read()), platform.python_implementation(), platform.system() in ("Linux", "wasi", "Wasi", "WASI", ""), os.name, gc.isenabled(), gc.get_threshold()[0] > 0)
for line in sys.stdin: print(line)
print(print("a", "b", sep="-", end="!\n", file=sys.stdout, flush=True), abs(-1), ascii("é"), bin(5), callable(1), chr(97), divmod(7, 2), sorted(dir(type("X", (), {"a": 1})()))[-1], [*enumerate("ab", 1)], eval("1"), list(filter(None, [0, 1])), format(5, "03"), frozenset([1]), hash("") == 0, hex(255), id(1) == id(1), isinstance(True, int), issubclass(bool, int), list(map(str, [1])), max("abc", key=ord), memoryview(b"a")[0], min(3, 1), next(iter([1])), oct(8), ord("a"), pow(2, 3, 5), repr("a'\"b"), list(reversed([1, 2])), round(1.5), slice(1, 2), sorted([2, 1], reverse=True), str(b"a"), sum([1, 2], 3), tuple("ab"), type(1), vars(type("Y", (), {}))["__module__"], list(zip("ab", [1, 2])), any([]), all([]), bool("False"), int("12", 8), float("1e3"), complex(1), bytes("é", "utf8"), dict(a=1), set("aa"), object().__class__, __name__, Ellipsis, NotImplemented)
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
print(deep(900))
try: deep(10**6)
except RecursionError as e: print("RecursionError", str(e)[:34])
sys.setrecursionlimit(5000); print(deep(4500)); 
class R:
    def __repr__(s): return repr(s)
try: repr(R())
except RecursionError: print("rec")
print(sys.getrecursionlimit()); sys.stderr.write("err\n"); sys.stdout.write("out\n")
