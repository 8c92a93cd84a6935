class Money:
    __slots__ = ("cents",)
    def __init__(self, cents):
        self.cents = cents
    def __add__(self, other):
        return Money(self.cents + other.cents)
    def __eq__(self, other):
        return self.cents == other.cents
    def __lt__(self, other):
        return self.cents < other.cents
    def __hash__(self):
        return hash(self.cents)
    def __str__(self):
        return f"${self.cents / 100:.2f}"
total = sum([Money(150), Money(275)], Money(0))
result = [str(total), Money(1) == Money(1), max(Money(3), Money(9)).cents, len({Money(1), Money(1)})]
