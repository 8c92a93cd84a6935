import json
from dataclasses import KW_ONLY, InitVar, asdict, astuple, dataclass, field, replace
from typing import ClassVar


@dataclass(slots=True)
class Node:
    name: str
    children: list["Node"] = field(default_factory=list, repr=False)
    _: KW_ONLY
    size: int = 0
    unit: InitVar[str] = "B"
    made: ClassVar[int] = 0

    def __post_init__(self, unit):
        self.size *= {"B": 1, "K": 1024, "M": 1024**2}[unit]
        Node.made += 1

    def total(self) -> int:
        return self.size + sum(child.total() for child in self.children)

    def walk(self, depth=0):
        yield depth, self
        for child in sorted(self.children, key=Node.total, reverse=True):
            yield from child.walk(depth + 1)


tree = Node("root", [Node("a.txt", size=10), Node("lib", [Node("b.bin", size=3, unit="M"), Node("c.py", size=2, unit="K")])])
for depth, node in tree.walk():
    print(f"{'  ' * depth}{node.name:<{12 - 2 * depth}}{node.total():>10,}")
copy = replace(tree, name="copy", unit="B")
print(copy.children is tree.children, copy == tree, tree.children[0], Node.made)
errors = []
for action in (lambda: Node("x", [], 5), lambda: setattr(tree, "other", 1), lambda: Node("x", size=1, unit="G"), lambda: Node()):
    try:
        action()
    except (TypeError, AttributeError, KeyError) as error:
        errors.append(type(error).__name__)
[errors, astuple(tree.children[0]), json.dumps(asdict(tree.children[1].children[1]), sort_keys=True)]
