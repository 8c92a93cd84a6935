log = []
for text in ("5", "x"):
    try:
        n = int(text)
    except ValueError:
        log.append("bad")
    else:
        log.append(n)
    finally:
        log.append("end")
result = log
