from dataclasses import dataclass
@dataclass
class Order:
    quantity: int
    unit: float
    total: float = 0.0
    def __post_init__(self):
        self.total = self.quantity * self.unit
o = Order(3, 2.5)
print(o)
result = o.total
