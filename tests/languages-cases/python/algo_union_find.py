parent = {}

def root(one):
    parent.setdefault(one, one)
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    return one

for one, other in [("a", "b"), ("c", "d"), ("b", "d"), ("e", "f")]:
    parent[root(one)] = root(other)
groups = {}
for one in list(parent):
    groups.setdefault(root(one), []).append(one)
sorted(sorted(group) for group in groups.values())
