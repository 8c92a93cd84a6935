from dataclasses import dataclass, field, asdict
@dataclass(order=True)
class Item:
    price: float
    name: str = field(compare=False)
    tags: list = field(default_factory=list, compare=False)
items = sorted([Item(3.5, "b"), Item(1.25, "a", ["x"])])
print(items[0])
result = [asdict(i) for i in items]
