from enum import Flag, IntEnum, StrEnum, auto

class Right(Flag):
    READ = auto()
    WRITE = auto()
    BOTH = READ | WRITE

class Level(IntEnum):
    LOW = 1
    HIGH = 3

class Color(StrEnum):
    RED = auto()

[Right.READ in Right.BOTH, (Right.BOTH & ~Right.READ).name, Level.HIGH > Level.LOW, sorted(Level)[-1].name, Color.RED, Color("red").name, [one.name for one in Right.BOTH]]
