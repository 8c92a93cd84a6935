try:
    breakpoint()
except RuntimeError as error:
    said = str(error)
said
