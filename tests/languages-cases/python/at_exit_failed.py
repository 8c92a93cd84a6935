import atexit

atexit.register(print, "told after the error")
atexit.register(lambda: print("and in turn"))
print("before")
raise LookupError("not there")
