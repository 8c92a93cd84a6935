needs = {"app": ["lib", "log"], "lib": ["core"], "log": ["core"], "core": []}
done, order = set(), []

def visit(name):
    if name not in done:
        done.add(name)
        for one in needs[name]:
            visit(one)
        order.append(name)

for name in needs:
    visit(name)
order
