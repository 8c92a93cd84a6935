kept = []
while True:
    kept.append('x' * (1 << 20) + str(len(kept)))
