from graphlib import CycleError, TopologicalSorter
needs = {"app": {"lib", "log"}, "lib": {"core"}, "log": {"core"}, "core": set()}
order = list(TopologicalSorter(needs).static_order())
try:
    list(TopologicalSorter({"a": ["b"], "b": ["a"]}).static_order())
except CycleError as error:
    cycle = sorted(set(error.args[1]))
[order[0], order[-1], sorted(order), cycle]
