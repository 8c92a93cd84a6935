import atexit
import logging

logging.basicConfig(format="%(levelname)s %(message)s", stream=__import__("sys").stdout)


@atexit.register
def last():
    print("the first that was registered is the last that is called")
    logging.warning("and may log")


atexit.register(print, "with", "arguments", sep="-")


def never():
    print("never")


atexit.register(never)
atexit.unregister(never)
print("the code itself")
"value"
