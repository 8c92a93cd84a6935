said = []
for name in ["numpy", "requests", "tabulate"]:
    try:
        __import__(name)
    except ImportError as error:
        said.append([name, "stockade language add python --with" in str(error)])
said
