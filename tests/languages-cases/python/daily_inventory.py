from dataclasses import dataclass, field
from collections import defaultdict
from enum import Enum
import json
class Status(Enum):
    IN_STOCK = "in_stock"
    LOW = "low"
    OUT = "out"
@dataclass
class Item:
    sku: str
    name: str
    qty: int
    price: float
    tags: list[str] = field(default_factory=list)
    @property
    def status(self) -> Status:
        return Status.OUT if self.qty == 0 else Status.LOW if self.qty < 5 else Status.IN_STOCK
    @property
    def value(self) -> float:
        return round(self.qty * self.price, 2)
class Inventory:
    def __init__(self): self._items: dict[str, Item] = {}
    def add(self, item: Item) -> None:
        if item.sku in self._items: raise ValueError(f"duplicate sku {item.sku!r}")
        self._items[item.sku] = item
    def remove(self, sku: str, n: int) -> None:
        item = self._items[sku]
        if item.qty < n: raise ValueError(f"only {item.qty} of {sku}")
        item.qty -= n
    def report(self):
        by = defaultdict(list)
        for i in self._items.values(): by[i.status.value].append(i.name)
        return dict(by)
inv = Inventory()
for row in [("A1", "Bolt", 100, 0.25, ["metal"]), ("B2", "Nut", 3, 0.1), ("C3", "Gear", 1, 12.5, ["metal", "moving"])]: inv.add(Item(*row))
for action in (lambda: inv.add(Item("A1", "x", 1, 1)), lambda: inv.remove("B2", 5), lambda: inv.remove("ZZ", 1), lambda: inv.remove("C3", 1)):
    try: action()
    except (ValueError, KeyError) as e: print(type(e).__name__, e)
print(json.dumps(inv.report(), sort_keys=True), f"{sum(i.value for i in inv._items.values()):,.2f}")
