said = []
for name in ["bz2", "lzma"]:
    try:
        __import__(name)
    except ImportError as error:
        said.append("which is built into no CPython for WASI" in str(error))
said
