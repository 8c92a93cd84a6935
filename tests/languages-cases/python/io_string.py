import io, sys
buffer = io.StringIO()
print("to buffer", file=buffer)
print("to stderr", file=sys.stderr)
result = buffer.getvalue()
