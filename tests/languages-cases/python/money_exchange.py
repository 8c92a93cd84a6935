from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from functools import total_ordering

EXPONENTS = {"JPY": 0, "EUR": 2, "USD": 2, "KWD": 3}
RATES = {("EUR", "USD"): Decimal("1.0842"), ("USD", "JPY"): Decimal("151.37"), ("EUR", "KWD"): Decimal("0.33351")}


@total_ordering
@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str

    @classmethod
    def of(cls, text: str) -> "Money":
        amount, currency = text.split()
        return cls(Decimal(amount), currency).rounded()

    def rounded(self):
        step = Decimal(1).scaleb(-EXPONENTS[self.currency])
        return Money(self.amount.quantize(step, ROUND_HALF_EVEN), self.currency)

    def __add__(self, other):
        if self.currency != other.currency:
            raise TypeError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.amount + other.amount, self.currency)

    def __lt__(self, other):
        return self.amount < other.to(self.currency).amount

    def to(self, currency: str) -> "Money":
        if currency == self.currency:
            return self
        if rate := RATES.get((self.currency, currency)):
            return Money(self.amount * rate, currency).rounded()
        with localcontext(prec=12):
            return Money(self.amount / RATES[currency, self.currency], currency).rounded()

    def __str__(self):
        return f"{self.amount:,} {self.currency}"


a, b = Money.of("1999.995 EUR"), Money.of("2000 USD")
print(a, b, a.to("USD"), b.to("EUR"), b.to("JPY"), a.to("KWD"))
print(sorted([b, a.to("USD"), Money.of("1 USD")])[0], a > b, a + Money.of("0.01 EUR"))
errors = []
for action in (lambda: a + b, lambda: Money.of("x EUR"), lambda: Money.of("1 GBP"), lambda: a.to("JPY")):
    try:
        action()
    except (TypeError, InvalidOperation, KeyError) as error:
        errors.append(type(error).__name__)
errors
