import copy
import gc
import pickle
import sys
import warnings
import weakref


class Node:
    def __init__(self, name):
        self.name, self.parent, self.children = name, None, []

    def add(self, child):
        child.parent = weakref.ref(self)
        self.children.append(child)
        return self

    def __getstate__(self):
        return {"name": self.name, "children": self.children}

    def __setstate__(self, state):
        self.__init__(state["name"])
        for child in state["children"]:
            self.add(child)

    def __deepcopy__(self, memo):
        twin = Node(self.name + "'")
        memo[id(self)] = twin
        for child in self.children:
            twin.add(copy.deepcopy(child, memo))
        return twin


tree = Node("root").add(Node("a").add(Node("b")))
leaf = tree.children[0].children[0]
gone = []
weakref.finalize(leaf, gone.append, "leaf")
cache = weakref.WeakValueDictionary(leaf=leaf, root=tree)
twin = copy.deepcopy(tree)
print(leaf.parent().name, twin.children[0].name, twin.children[0].parent() is twin)
loaded = pickle.loads(pickle.dumps({"tree": 1, "set": {1, 2}, "slice": slice(1, 2), "f": len}, protocol=5))
tree.children.clear()
del leaf
gc.collect()
print(gone, sorted(cache), loaded["f"]("abc"), loaded["slice"])


def old(n):
    warnings.warn(f"old({n}) goes away", DeprecationWarning, stacklevel=2)
    return n


with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    old(1), old(2)
    warnings.warn("careful", UserWarning)
with warnings.catch_warnings():
    warnings.simplefilter("error", category=RuntimeWarning)
    try:
        warnings.warn("loud", RuntimeWarning)
    except RuntimeWarning as error:
        print("raised", error)
a = [1, [2]]
shallow, deep = copy.copy(a), copy.deepcopy(a)
a[1].append(3)
[[(one.category.__name__, str(one.message)) for one in told], shallow, deep, sys.getrefcount(a) > 1, sys.intern("x") is sys.intern("x")]
