import sys

sys.excepthook = lambda kind, error, trace: print("the hook of the code:", kind.__name__, error, trace is not None)
raise ValueError("of the code")
