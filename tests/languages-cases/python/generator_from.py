def walk(tree):
    for node in tree:
        if isinstance(node, list):
            yield from walk(node)
        else:
            yield node
result = list(walk([1, [2, [3, 4]], 5]))
