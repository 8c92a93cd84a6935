from abc import ABC, abstractmethod
class Source(ABC):
    @abstractmethod
    def read(self): ...
class Fixed(Source):
    def read(self):
        return 42
try:
    Source()
except TypeError as e:
    kind = type(e).__name__
result = [Fixed().read(), kind]
