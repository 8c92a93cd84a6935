rows = [("Name", "Qty", "Price"), ("Apple", 3, 1.5), ("Ünïcode ☃", 12, 1234.5), ("", None, -0.005)]
def fmt(v): return "" if v is None else f"{v:,.2f}" if isinstance(v, float) else str(v)
cells = [[fmt(v) for v in r] for r in rows]
w = [max(map(len, c)) for c in zip(*cells)]
for n, r in enumerate(cells):
    print(" | ".join(c.ljust(w[i]) if i == 0 else c.rjust(w[i]) for i, c in enumerate(r)))
    if n == 0: print("-+-".join("-" * x for x in w))
