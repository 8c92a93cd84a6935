from enum import Enum, auto
class Status(Enum):
    OPEN = auto()
    PAID = auto()
    @property
    def label(self):
        return self.name.title()
result = [[s.name, s.value, s.label] for s in Status] + [Status(2).name, Status["OPEN"].value]
