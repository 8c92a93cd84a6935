class Account:
    def __init__(self, balance):
        self._balance = balance
    @property
    def balance(self):
        return self._balance
    @balance.setter
    def balance(self, value):
        if value < 0:
            raise ValueError("negative")
        self._balance = value
    @classmethod
    def empty(cls):
        return cls(0)
    @staticmethod
    def fee(amount):
        return amount // 10
a = Account.empty()
a.balance = 50
try:
    a.balance = -1
except ValueError as e:
    print("refused:", e)
result = [a.balance, Account.fee(99)]
