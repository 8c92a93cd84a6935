from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import singledispatchmethod
from itertools import pairwise


@dataclass(frozen=True)
class Deposited:
    at: datetime
    amount: Decimal


@dataclass(frozen=True)
class Withdrawn:
    at: datetime
    amount: Decimal


@dataclass(frozen=True)
class Closed:
    at: datetime


class Refused(Exception):
    pass


class Account:
    def __init__(self, events=()):
        self.balance, self.is_open, self.events, self.history = Decimal(0), True, [], []
        for event in events:
            self.apply(event)

    @singledispatchmethod
    def apply(self, event):
        raise NotImplementedError(type(event).__name__)

    @apply.register(Deposited)
    def _(self, event):
        self._record(event, event.amount)

    @apply.register(Withdrawn)
    def _(self, event):
        if event.amount > self.balance:
            raise Refused(f"{event.amount} is more than {self.balance}")
        self._record(event, -event.amount)

    @apply.register(Closed)
    def _(self, event):
        if self.balance:
            raise Refused(f"{self.balance} is left")
        self._record(event, Decimal(0))
        self.is_open = False

    def _record(self, event, change):
        if not self.is_open:
            raise Refused("closed")
        self.balance += change
        self.events.append(event)
        self.history.append((event.at, self.balance))

    def interest(self, rate, until):
        total = Decimal(0)
        for (start, balance), (end, _) in pairwise([*self.history, (until, self.balance)]):
            total += balance * Decimal(rate) * Decimal((end - start) / timedelta(days=1)) / 365
        return total.quantize(Decimal("0.01"))


start = datetime(2025, 1, 1)
account, refused = Account(), []
for days, make, *amount in ((0, Deposited, "100"), (10, Withdrawn, "30.50"), (20, Withdrawn, "70"), (30, Deposited, "0.50"), (40, Withdrawn, "70"), (41, Closed), (42, Deposited, "1")):
    try:
        account.apply(make(start + timedelta(days), *map(Decimal, amount)))
    except Refused as error:
        refused.append(f"day {days}: {error}")
print(account.balance, account.is_open, *refused, sep="\n")
again = Account(account.events[:3])
[str(again.balance), str(again.interest("0.05", start + timedelta(60))), [type(event).__name__ for event in account.events], again.events[0] == account.events[0]]
